"""The ONNX backend's node cases: one node, its inputs, and the output that ONNX expects.

The engine's output is put beside the expected one, and beside that of ONNX's reference evaluator in
double, which also gives the tolerance.
"""

import numpy as np
import onnx
import onnx.reference
import torch
from onnx.backend.test.loader import load_model_tests

from suites.calls import Skip
from suites.cases import Case
from suites.ops import elementwise, images, layout, norms, products, tokens


class Node:
    """A case's node, with its inputs as tensors (None for one that is left out)."""

    def __init__(self, model, arrays):
        self.proto = model.graph.node[0]
        self.opset = model.opset_import[0].version
        self.attributes = {a.name: onnx.helper.get_attribute_value(a) for a in self.proto.attribute}
        given = iter(arrays)
        self.inputs = [torch.from_numpy(np.array(next(given))) if name else None
                       for name in self.proto.input]

    def __getitem__(self, place):
        return self.inputs[place] if place < len(self.inputs) else None

    def attribute(self, name, default=None):
        """Numbers are of float32, as ONNX's are."""
        value = self.attributes.get(name, default)
        if isinstance(value, float):
            return float(np.float32(value))
        return value.decode() if isinstance(value, bytes) else value

    def padding(self):
        """Of images; in PyTorch's terms."""
        automatic = self.attribute("auto_pad", "NOTSET")
        pads = self.attribute("pads", [0])
        half = len(pads) // 2
        if automatic not in ("NOTSET", "VALID"):
            x, kernel = self[0].shape[2:], self.attribute("kernel_shape")
            strides = self.attribute("strides", [1] * len(x))
            sums = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(x, kernel, strides)]
            if any(total % 2 for total in sums):
                raise Skip("padding of two different sides: not in the engine")
            return tuple(total // 2 for total in sums)
        if pads[:half] != pads[half:]:
            raise Skip("padding of two different sides: not in the engine")
        return tuple(pads[:half]) or 0

    def axes(self):
        """Of a reduction: attributes once, an input in later opsets; None: all."""
        axes = self[1].tolist() if self[1] is not None else self.attribute("axes", [])
        if not axes and self.attribute("noop_with_empty_axes", 0):
            raise Skip("no axes, and nothing to do: not a reduction")
        return axes or None

    def keeps_axes(self):
        return bool(self.attribute("keepdims", 1))


def image(node):
    if node[0].dim() != 4:
        raise Skip("images of one or three axes: the engine's have height and width")
    return node[0]


def gelu(node):
    return elementwise.gelu(node[0], approximate=node.attribute("approximate", "none"))


def conv(node):
    return images.conv2d(image(node), node[1], node[2], tuple(node.attribute("strides", (1, 1))),
                      node.padding(), tuple(node.attribute("dilations", (1, 1))),
                      node.attribute("group", 1))


def max_pool(node):
    if len(node.proto.output) > 1 and node.attribute("storage_order", 0):
        raise Skip("the places of the maxima: not in the engine")
    return images.max_pool2d(image(node), tuple(node.attribute("kernel_shape")),
                             tuple(node.attribute("strides", (1, 1))), node.padding(),
                             tuple(node.attribute("dilations", (1, 1))),
                             bool(node.attribute("ceil_mode", 0)))


def average_pool(node):
    padding = node.padding()
    if padding and any(padding):
        raise Skip("the average of a part of an image: the engine has that of the whole")
    return images.average_pool2d(image(node), tuple(node.attribute("kernel_shape")))


def gemm(node):
    a, b = node[0], node[1]
    call = (products.matmul if node[2] is None else products.addmm)
    if node[2] is None and node.attribute("alpha", 1.0) != 1:
        raise Skip("a factor without a bias: in no case yet")
    # Transposed inputs are theirs still: their layout is turned first.
    turned = [x.mT if node.attribute(name, 0) else x for name, x in (("transA", a), ("transB", b))]
    made = (call(*turned) if node[2] is None else
            call(node[2], *turned, alpha=node.attribute("alpha", 1.0),
                 beta=node.attribute("beta", 1.0)))
    for name, own, x in (("transA", a, turned[0]), ("transB", b, turned[1])):
        for given in made.inputs.values():
            if given.tensor is x and own is not x:
                given.tensor = own
                given.layout = (lambda layout: lambda y: layout(y.mT))(given.layout)
    return made


def batch_norm(node):
    return norms.batch_norm(node[0], node[3], node[4], node[1], node[2],
                          bool(node.attribute("training_mode", 0)),
                          1 - node.attribute("momentum", 0.9), node.attribute("epsilon", 1e-5))


def dropout(node):
    training = node[2] is not None and bool(node[2])
    return elementwise.dropout(node[0], float(node[1]) if node[1] is not None else 0.5, training)


def layer_norm(node):
    axis = node.attribute("axis", -1) % node[0].dim()
    return norms.layer_norm(node[0], node[0].shape[axis:], node[1], node[2],
                          node.attribute("epsilon", 1e-5))


def softmax(node):
    if node.opset < 13:
        raise Skip("softmax over all axes from one on, before opset 13: not in the engine")
    return tokens.softmax(node[0], node.attribute("axis", -1))


def attention(node):
    if len(node.inputs) > 3 or len(node.proto.output) > 1:
        raise Skip("a mask, or keys and values of the past: the engine's attention has none")
    if node.attribute("softcap", 0.0):
        raise Skip("a cap on attention's scores: not in the engine")
    if set(node.attributes) - {"is_causal", "scale", "softcap"}:
        raise Skip("attention over a part of the keys, or of other layouts: not in the engine")
    return tokens.attention(node[0], node[1], node[2], scale=node.attribute("scale"),
                            is_causal=bool(node.attribute("is_causal", 0)))


def cross_entropy(node):
    return tokens.cross_entropy(node[0], node[1], node[2],
                                reduction=node.attribute("reduction", "mean"),
                                ignore_index=node.attribute("ignore_index", -100))


def roi_align(node):
    """Ours is opset 16's half_pixel, torchvision's aligned=True."""
    if node.attribute("coordinate_transformation_mode", "half_pixel") != "half_pixel":
        raise Skip("boxes without the shift by half a pixel: not in the engine")
    if node.attribute("mode", "avg") != "avg" or node.attribute("sampling_ratio", 0) != 2:
        raise Skip("the largest sample, or another number of samples: not in the engine")
    height, width = node[0].shape[2:]
    bins = node.attribute("output_height", 1)
    if height != width or bins != node.attribute("output_width", 1):
        raise Skip("maps or bins that are not square: the engine's are")
    return images.roi_align(node[0], node[1], node[2],
                         size=height / node.attribute("spatial_scale", 1.0), bins=bins)


def reshape(node):
    """Shapes that only the evaluator reads: the expected output has them."""
    return layout.reshaping(lambda x: node.expected)(node[0])


def transpose(node):
    order = node.attribute("perm", list(reversed(range(node[0].dim()))))
    return layout.permuting(torch.permute)(node[0], order)


def l2_normalize(node):
    return norms.l2_normalize(node[0], node.attribute("p", 2), node.attribute("axis", -1))


# ONNX's operator: what of the engine computes its node.
TABLE = {
    # elementwise
    "Add": lambda node: elementwise.add(*node.inputs),
    "Sub": lambda node: elementwise.subtract(*node.inputs),
    "Mul": lambda node: elementwise.multiply(*node.inputs),
    "Neg": lambda node: elementwise.negate(*node.inputs),
    "Sum": lambda node: elementwise.add_all(*node.inputs),
    "Relu": lambda node: elementwise.relu(*node.inputs),
    "Gelu": gelu,
    "Dropout": dropout,
    # layout and reductions
    "Reshape": reshape,
    "Flatten": reshape,
    "Squeeze": reshape,
    "Unsqueeze": reshape,
    "Transpose": transpose,
    "Concat": lambda node: layout.concat(node.inputs, node.attribute("axis")),
    "ReduceMean": lambda node: layout.mean(node[0], node.axes(), node.keeps_axes()),
    "ReduceSum": lambda node: layout.sum(node[0], node.axes(), node.keeps_axes()),
    # matrix products
    "MatMul": lambda node: products.matmul(*node.inputs),
    "Gemm": gemm,
    # images and normalisation
    "Conv": conv,
    "MaxPool": max_pool,
    "GlobalMaxPool": lambda node: images.max_pool2d(image(node), tuple(node[0].shape[2:])),
    "AveragePool": average_pool,
    "GlobalAveragePool": lambda node: images.global_average_pool(image(node)),
    "RoiAlign": roi_align,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "LpNormalization": l2_normalize,
    # tokens and losses
    "Softmax": softmax,
    "Attention": attention,
    "SoftmaxCrossEntropyLoss": cross_entropy,
}


def evaluator(model):
    """ONNX's reference implementation of a model, as a function of all its inputs."""
    session = onnx.reference.ReferenceEvaluator(model)
    names = [given.name for given in model.graph.input]

    def evaluate(tensors):
        feeds = {name: tensor.detach().numpy() for name, tensor in zip(names, tensors)}
        return torch.from_numpy(np.array(session.run(None, feeds)[0]))
    return evaluate


def case_of(model, arrays, expected, name):
    """Raises Skip."""
    if any(not isinstance(array, (np.ndarray, np.generic)) for array in (*arrays, expected)):
        raise Skip("sequences, and dtypes that NumPy lacks: not in the engine")
    if arrays[0].dtype not in (np.float32, np.float64):
        raise Skip("16-bit floats: on the CPU the engine computes in f32 and f64"
                   if "float" in str(arrays[0].dtype) else "integers: the engine has floats")
    node = Node(model, arrays)
    node.expected = torch.from_numpy(np.array(expected))
    call = TABLE[node.proto.op_type](node)
    if call.without:
        raise Skip("a convolution with a bias: the engine's have none")
    call.changes = ()  # ONNX's running variance is the biased one
    present = [x for x in node.inputs if x is not None]
    places = [next(i for i, x in enumerate(present) if x is given.tensor)
              for given in call.inputs.values() if not given.own]
    evaluate = evaluator(model)

    def theirs(leaves):
        tensors = [x.to(leaves[0].dtype) if x.is_floating_point() else x for x in present]
        for place, leaf in zip(places, leaves):
            tensors[place] = leaf
        return evaluate(tensors)

    return Case(node.proto.op_type, name, call, theirs, node[0].dtype, gradients=False,
                expected=node.expected)


def collect(report, wanted):
    """Yields cases whose names are wanted; tells the report what is skipped."""
    others, several = set(), 0
    for test in load_model_tests(kind="node"):
        nodes = test.model.graph.node
        op = nodes[0].op_type
        if test.name.endswith("_expanded") or "_expanded_" in test.name or len(nodes) != 1:
            several += 1
        elif op not in TABLE:
            others.add(op)
        elif wanted(f"{op}/{test.name}"):
            (arrays, outputs), = test.data_sets
            try:
                yield case_of(test.model, arrays, outputs[0], f"{op}/{test.name}")
            except Skip as skip:
                report.skip(op, str(skip))
            except Exception as error:
                report.not_understood(op, f"{op}/{test.name}", error)
    report.note(f"not counted: {several} cases that repeat another as a graph of several nodes")
    report.note(f"not counted: the cases of {len(others)} operators that the engine does not have")
