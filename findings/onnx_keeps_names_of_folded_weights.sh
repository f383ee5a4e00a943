#!/usr/bin/env bash
# torch.onnx.export writes a convolution's weight under the parameter's own name, with other numbers.
#
# The default exporter folds each batch norm into the convolution before it: the stored weight is
# weight * gamma / sqrt(running_var + eps). The result keeps the parameter's name and shape,
# "conv.weight", and the batch norm's parameters are gone. Whoever takes the initializers of an ONNX
# file by name for the weights of the network gets weights of another network, and nothing in the file
# tells. The older exporter (dynamo=False) folds as well, but gives what it folded names of its own
# ("onnx::Conv_10"). Both keep the parameters as they are where nothing is folded: in training mode.
#
#     findings/onnx_keeps_names_of_folded_weights.sh        installs into a temporary folder (4 GB)
#     PYTHON=python3 findings/onnx_keeps_names_of_folded_weights.sh    one that has the packages
#
# Exits with 1 if the behaviour is another one than what is written here.
set -euo pipefail

packages="torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 numpy==2.4.6"
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
import warnings

import numpy
import onnx
import onnxscript
import torch
from onnx.numpy_helper import to_array

warnings.simplefilter("ignore")
print(f"torch {torch.__version__}, onnx {onnx.__version__}, onnxscript {onnxscript.__version__}")
torch.manual_seed(1)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 3, bias=False)
        self.bn = torch.nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn(self.conv(x))


net = Net().eval()
net.bn.running_var.uniform_(1, 4)
net.bn.weight.data.uniform_(0.5, 1)
image = torch.randn(1, 3, 8, 8)
weight = net.conv.weight.detach()
factor = (net.bn.weight / torch.sqrt(net.bn.running_var + net.bn.eps)).detach()
folded = (weight * factor[:, None, None, None]).numpy()

as_seen = True
for title, options, expected in (
        ("default exporter", {"dynamo": True}, "other numbers: the batch norm is folded in"),
        ("older exporter", {"dynamo": False}, "no such name"),
        ("older exporter, training mode",
         {"dynamo": False, "training": torch.onnx.TrainingMode.TRAINING,
          "do_constant_folding": False}, "the parameter")):
    torch.onnx.export(net, (image,), "net.onnx", verbose=False, **options)
    stored = {t.name: to_array(t) for t in onnx.load("net.onnx").graph.initializer}
    found = stored.get("conv.weight")
    if found is None:
        outcome = "no such name"
    elif numpy.array_equal(found, weight.numpy()):
        outcome = "the parameter"
    elif numpy.allclose(found, folded, rtol=1e-5):
        outcome = "other numbers: the batch norm is folded in"
    else:
        outcome = "something else"
    print(f"{title}: initializers {sorted(stored)}; 'conv.weight' holds {outcome}")
    as_seen &= outcome == expected
print("as seen before" if as_seen else "the behaviour has changed")
sys.exit(0 if as_seen else 1)
END
"$PYTHON" try.py 2>&1 | grep -v '^\[torch.onnx\]\|^W[0-9]'
