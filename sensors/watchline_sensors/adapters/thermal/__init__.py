"""Thermal cameras: what is in a frame. Needs the extra `thermal` (onnxruntime)."""
