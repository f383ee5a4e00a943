#!/usr/bin/env bash
# MPI's Allreduce with MAX or MIN gives the ranks different results if one of the numbers is NaN.
#
# Ranks that train together ask for the largest loss: is it finite? One has NaN. One expects the
# same answer on all ranks, since that is what Allreduce is for: NaN as from numpy.max, or the other
# number as from C's fmax. MPICH gives rank 0 a number and rank 1 NaN, or the other way round, for
# each rank compares in its own order and no comparison with NaN is true. One rank stops, and the
# others wait for it. In a longer buffer all ranks get the same, but some elements are NaN and some
# are not. A sum has none of this: NaN on one rank is NaN on all.
#
# Needs python3 with venv; installs into a temporary folder. Exits with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install numpy==2.4.6 mpi4py==4.1.2 mpich==5.0.2
cat >"$folder/show.py" <<'PYTHON'
import sys

import mpi4py
import numpy as np
from mpi4py import MPI

ranks = MPI.COMM_WORLD
first = ranks.rank == 0
as_expected = True
if first:
    library = MPI.Get_library_version().split()
    print(f"mpi4py {mpi4py.__version__}, {library[0]} {library[2]}, {ranks.size} ranks")


def of_all(own, operation):
    """What each rank gets, on rank 0."""
    result = np.empty_like(own)
    ranks.Allreduce(own, result, operation)
    return ranks.gather(result)


for nan_on in range(2):
    loss = np.full(1, np.nan if ranks.rank == nan_on else 1 + ranks.rank, np.float32)
    longer = np.repeat(loss, 20)
    for name, operation in (("MAX", MPI.MAX), ("MIN", MPI.MIN), ("SUM", MPI.SUM)):
        results, long_results = of_all(loss, operation), of_all(longer, operation)
        if not first:
            continue
        nans = [int(np.isnan(of_rank).sum()) for of_rank in long_results]
        print(f"NaN on rank {nan_on}, {name}: rank 0 gets {results[0][0]}, rank 1 {results[1][0]}; "
              f"of 20 equal elements, NaN: {nans[0]} and {nans[1]}")
        is_nan = [bool(np.isnan(of_rank[0])) for of_rank in results]
        if name == "SUM":
            as_expected &= is_nan == [True, True] and nans == [20, 20]
        else:
            as_expected &= is_nan[0] != is_nan[1] and nans[0] == nans[1] and 0 < nans[0] < 20
if first:
    print("as described" if as_expected else "this has changed")
sys.exit(not as_expected)
PYTHON
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/mpiexec" -n 2 "$folder/venv/bin/python" "$folder/show.py"
