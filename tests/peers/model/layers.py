"""What several parts of the model are made of."""

import torch.nn.functional as F
from torch import nn


class Mlp(nn.Module):
    """Linear, GELU, dropout, Linear."""

    def __init__(self, dim_in, hidden, dim_out, dropout=0.0):
        super().__init__()
        self.fc1 = nn.Linear(dim_in, hidden)
        self.fc2 = nn.Linear(hidden, dim_out)
        self.dropout = dropout

    def forward(self, x):
        return self.fc2(F.dropout(F.gelu(self.fc1(x)), self.dropout, self.training))
