"""What of the engine computes a call of PyTorch's: one function per op, with PyTorch's arguments.

Each returns a Call, or raises Skip with the reason. suites/opinfo.py and suites/onnx_nodes.py have
the tables of which of their ops go where.
"""
