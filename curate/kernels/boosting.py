"""The loops of growing a boosted tree: sums of gradients by bin, the best split of them, rows to either side."""

from __future__ import annotations

from numba import njit

#: Features are sorted into this many bins at most.
MAX_BINS = 255
#: Columns of a histogram: sums of the first and the second derivative of the loss, rows.
GRADIENT, CURVATURE, ROWS, HISTOGRAM_COLUMNS = range(4)


@njit(cache=True, nogil=True)
def add_up_bins(bins, rows, gradients, curvatures, sums):  # type: ignore[no-untyped-def]
    """Sum the derivatives by bin.

    Args:
        bins: `uint8` of shape (n, F).
        rows: `int64`, those to sum over.
        gradients, curvatures: `float64` of shape (n,).
        sums: `float64` of shape (F, 256, HISTOGRAM_COLUMNS), written.
    """
    sums[:] = 0.0
    for row in rows:
        gradient, curvature = gradients[row], curvatures[row]
        for j in range(bins.shape[1]):
            cell = sums[j, bins[row, j]]
            cell[GRADIENT] += gradient
            cell[CURVATURE] += curvature
            cell[ROWS] += 1.0


@njit(cache=True, nogil=True)
def best_split(sums, l2, fewest):  # type: ignore[no-untyped-def]
    """The split that lowers the loss most, with at least `fewest` rows on each side.

    Returns:
        What it gains (0 if there is none), its feature, the last bin that goes left, and the value of the leaf that the
        node would be.
    """
    gradient, curvature, count = 0.0, 0.0, 0.0
    for b in range(sums.shape[1]):
        gradient += sums[0, b, GRADIENT]
        curvature += sums[0, b, CURVATURE]
        count += sums[0, b, ROWS]
    before = gradient * gradient / (curvature + l2)
    gain, feature, last = 0.0, -1, -1
    for j in range(sums.shape[0]):
        left_gradient, left_curvature, left_count = 0.0, 0.0, 0.0
        for b in range(sums.shape[1] - 1):
            left_gradient += sums[j, b, GRADIENT]
            left_curvature += sums[j, b, CURVATURE]
            left_count += sums[j, b, ROWS]
            if left_count < fewest:
                continue
            if count - left_count < fewest:
                break
            right_gradient = gradient - left_gradient
            after = left_gradient * left_gradient / (left_curvature + l2)
            after += right_gradient * right_gradient / (curvature - left_curvature + l2)
            if after - before > gain:
                gain, feature, last = after - before, j, b
    return gain, feature, last, -gradient / (curvature + l2)
