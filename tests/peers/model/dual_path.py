"""The two paths over the entities' tokens, ST and TS (SPEC §5)."""

from torch import nn

from model.layers import Mlp
from model.transformer import Transformer


class Path(nn.Module):
    """Second(First(X) + MLP(X)): spatial first for ST, temporal first for TS."""

    def __init__(self, config, spatial_first):
        super().__init__()
        self.spatial_first = spatial_first
        self.spatial = Transformer(config, axis=2)
        self.temporal = Transformer(config, axis=1)
        self.mlp = Mlp(config["dim"], config["dim"], config["dim"])

    def forward(self, x):
        first, second = self.spatial, self.temporal
        if not self.spatial_first:
            first, second = second, first
        return second(first(x) + self.mlp(x))
