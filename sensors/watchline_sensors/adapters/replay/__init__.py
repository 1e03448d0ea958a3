"""Recordings, played through the code that hears the devices."""
