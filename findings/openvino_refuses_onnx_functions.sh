#!/usr/bin/env bash
# OpenVINO refuses an ONNX model that calls a function which the model itself defines.
#
# Such functions (FunctionProto, in the standard since ONNX 1.10 of 2021) are operators made of others;
# a reader may replace each call by the function's body. ONNX's checker accepts the model and ONNX
# Runtime runs it. OpenVINO looks for a conversion rule of the function's name and finds none. After
# onnx.inliner has replaced the calls, it runs the model.
#
#     findings/openvino_refuses_onnx_functions.sh           installs into a temporary folder (300 MB)
#     PYTHON=python3 findings/openvino_refuses_onnx_functions.sh       one that has the packages
#
# Exits with 1 if the behaviour is another one than what is written here.
set -euo pipefail

packages="onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$folder/venv"
    PYTHON=$folder/venv/bin/python
    "$PYTHON" -m pip install -q $packages
fi
cd "$folder"
cat > try.py <<'END'
import sys

import numpy
import onnx
import onnx.inliner
import onnxruntime
import openvino
from onnx import TensorProto, helper

print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, "
      f"openvino {openvino.__version__}")
operators = [helper.make_opsetid("", 17), helper.make_opsetid("example", 1)]
function = helper.make_function("example", "Square", ["x"], ["y"],
                                [helper.make_node("Mul", ["x", "x"], ["y"])], operators[:1])
shape = ["rows", 2]
graph = helper.make_graph([helper.make_node("Square", ["x"], ["y"], name="call", domain="example")],
                          "graph", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)])
model = helper.make_model(graph, opset_imports=operators, functions=[function], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "function.onnx")
onnx.save(onnx.inliner.inline_local_functions(model), "inlined.onnx")

x = numpy.array([[3, -2]], numpy.float32)
expected = x * x


def in_onnx_runtime(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def in_openvino(path):
    return openvino.Core().compile_model(path, "CPU")({"x": x})[0]


as_seen = True
for title, run, path, wanted in (
        ("ONNX Runtime, with the function", in_onnx_runtime, "function.onnx", "right"),
        ("OpenVINO, with the function", in_openvino, "function.onnx", "refused"),
        ("OpenVINO, the function inlined", in_openvino, "inlined.onnx", "right")):
    try:
        outcome = "right" if numpy.allclose(run(path), expected, rtol=1e-2) else "wrong"
        words = ""
    except RuntimeError as error:
        outcome = "refused"
        words = next((": " + line.strip(" -") for line in str(error).splitlines()
                      if "example.Square" in line), "")
    print(f"{title}: {outcome}{words}")
    as_seen &= outcome == wanted
print("as seen before" if as_seen else "the behaviour has changed")
sys.exit(0 if as_seen else 1)
END
"$PYTHON" try.py
