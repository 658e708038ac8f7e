"""The ways in, one folder a format. Pure: bytes in, plain records out, no Django."""
