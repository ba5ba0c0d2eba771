"""What a row of acceptance.toml accepts, what it leaves out, and when repeats decide it."""

import numpy as np

from helpers.runs import summary


def interval(row, part=""):
    """Return the two ends, numbers or arrays, of a row or a part of it; None where its test has a rule of its own."""
    end = part and f"_{part}"
    if f"accept{end}" in row:
        return np.array(row[f"accept{end}"], float)
    widths = [row.get(f"{kind}{end}") for kind in ("absolute", "relative")]
    if f"reference{end}" not in row or widths == [None, None]:
        return None
    centre = np.array(row[f"reference{end}"], float)
    room = np.add(widths[0] or 0, np.multiply(widths[1] or 0, np.abs(centre)))
    return np.array([centre - room, centre + room])


def within(row, values, part=""):
    low, high = interval(row, part)
    return bool(np.all((low <= values) & (values <= high)))


def leaves_out(ends, control):
    """Whether a number lies outside at every place, or a list of them at one place at least."""
    outside = (control < ends[0]) | (ends[1] < control)
    return bool(np.any(outside) if np.ndim(control) else np.all(outside))


def decided(row, repeats, part=""):
    """Whether the mean of repeats (along axis 0) lies inside, and its interval of 95 % leaves every control out."""
    s, controls = summary(repeats), row[f"excludes_{part}" if part else "excludes"]
    return within(row, s.mean, part) and all(leaves_out((s.low, s.high), np.array(x)) for x in controls.values())
