"""PyTorch's own test inputs, the samples of its OpInfo database: forward and gradients."""

import zlib

import torch
from torch.utils import _pytree as pytree

from suites.calls import Skip
from suites.cases import Case
from suites.ops import elementwise, images, layout, norms, products, tokens

# OpInfo's name: what of the engine computes it.
TABLE = {
    # elementwise
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "rsub": elementwise.subtract_from,
    "mul": elementwise.multiply,
    "neg": elementwise.negate,
    "square": elementwise.square,
    "nn.functional.relu": elementwise.relu,
    "nn.functional.gelu": elementwise.gelu,
    "nn.functional.dropout": elementwise.dropout,
    "float": elementwise.cast_to("f32"),
    "double": elementwise.cast_to("f64"),
    # layout and reductions
    "reshape": layout.reshaping(torch.reshape),
    "view": layout.reshaping(torch.Tensor.view),
    "flatten": layout.reshaping(torch.flatten),
    "unflatten": layout.reshaping(torch.unflatten),
    "ravel": layout.reshaping(torch.ravel),
    "squeeze": layout.reshaping(torch.squeeze),
    "squeeze.multiple": layout.reshaping(torch.squeeze),
    "unsqueeze": layout.reshaping(torch.unsqueeze),
    "permute": layout.permuting(torch.permute),
    "transpose": layout.permuting(torch.transpose),
    "movedim": layout.permuting(torch.movedim),
    "t": layout.permuting(torch.t),
    "mean": layout.mean,
    "sum": layout.sum,
    "cat": layout.concat,
    # matrix products
    "mm": products.matmul,
    "bmm": products.matmul,
    "matmul": products.matmul,
    "__rmatmul__": lambda input, other: products.matmul(other, input),
    "mv": products.matmul,
    "dot": products.matmul,
    "inner": products.inner,
    "outer": products.outer,
    "addmm": products.addmm,
    "nn.functional.linear": products.linear,
    # images and normalisation
    "nn.functional.conv2d": images.conv2d,
    "nn.functional.max_pool2d": images.max_pool2d,
    "nn.functional.adaptive_max_pool2d": images.adaptive_max_pool2d,
    "nn.functional.avg_pool2d": images.average_pool2d,
    "nn.functional.adaptive_avg_pool2d": images.adaptive_average_pool2d,
    "nn.functional.layer_norm": norms.layer_norm,
    "native_layer_norm": norms.layer_norm,
    "nn.functional.batch_norm": norms.batch_norm,
    "nn.functional.normalize": norms.l2_normalize,
    # tokens and losses
    "softmax": tokens.softmax,
    "softmax.with_dtype": tokens.softmax,
    "nn.functional.softmin": tokens.softmin,
    "nn.functional.softmin.with_dtype": tokens.softmin,
    "nn.functional.scaled_dot_product_attention": tokens.attention,
    "nn.functional.cross_entropy": tokens.cross_entropy,
}
# Inputs of another op besides its own: of the two, OpInfo has infinities, NaN and large numbers for
# ReLU alone.
INPUTS_OF = {"nn.functional.gelu": "nn.functional.relu"}
DTYPES = (torch.float64, torch.float32)


def database():
    from torch.testing._internal.common_methods_invocations import op_db
    return {info.full_name: info for info in op_db if info.full_name in TABLE}


def samples(infos, info, dtype):
    """With infinities, NaN and large numbers where OpInfo has them."""
    torch.manual_seed(zlib.crc32(info.full_name.encode()))
    yield from info.reference_inputs("cpu", dtype, requires_grad=True)
    if info.full_name in INPUTS_OF:
        yield from infos[INPUTS_OF[info.full_name]].reference_inputs("cpu", dtype,
                                                                     requires_grad=True)


def case_of(info, sample, dtype, name):
    """Raises Skip."""
    flat, tree = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    if any(isinstance(leaf, torch.Tensor) and leaf.is_complex() for leaf in flat):
        raise Skip("complex numbers: not in the engine")
    arguments = ([sample.input, *sample.args], sample.kwargs)
    call = TABLE[info.full_name](*arguments[0], **arguments[1])
    places = []
    for given in call.inputs.values():
        if not given.own:
            places.append(next(i for i, leaf in enumerate(flat) if leaf is given.tensor))

    def theirs(leaves):
        replaced = [None if any(leaf is left for left in call.without) else leaf for leaf in flat]
        for place, leaf in zip(places, leaves):
            replaced[place] = leaf
        # Without a gradient of their own, and of the precision of the others.
        replaced = [leaf.detach().to(leaves[0].dtype) if isinstance(leaf, torch.Tensor)
                    and leaf.is_floating_point() and leaf is flat[i] else leaf
                    for i, leaf in enumerate(replaced)]
        first, positional, named = pytree.tree_unflatten(replaced, tree)
        result = info.op(first, *positional, **named)
        return result[0] if isinstance(result, (tuple, list)) else result

    for given in call.inputs.values():
        given.tensor = given.tensor.detach()
    return Case(info.full_name, name, call, theirs, dtype)


def collect(report, wanted):
    """Yields cases whose names are wanted; tells the report what is skipped."""
    found = database()
    for missing in sorted(set(TABLE) - set(found)):
        report.note(f"OpInfo {missing}: not in this PyTorch")
    for full_name, info in found.items():
        for dtype in DTYPES:
            title = str(dtype).removeprefix("torch.")
            for number, sample in enumerate(samples(found, info, dtype)):
                name = f"{full_name}/{title}/{number}"
                if not wanted(name):
                    continue
                try:
                    yield case_of(info, sample, dtype, name)
                except Skip as skip:
                    report.skip(full_name, str(skip))
                except Exception as error:
                    report.not_understood(full_name, name, error)
