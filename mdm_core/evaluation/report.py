"""The probe's report as a table for people and as numbers for JSON. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import probe


def table(report: probe.Report, real: Mapping[str, probe.Real]) -> str:
    """The report as lines; real clips beside it where they are known."""
    lines = [f"{'prompt':<50}passed  chance" + ("    real  chance  clips" if real else "")]
    for row in report.rows:
        line = f"{row.prompt:<50}{row.passed:>6.2f}{row.chance:>8.2f}"
        known = real.get(row.prompt)
        lines.append(line + (f"{known.passed:>8.2f}{known.chance:>8.2f}{known.clips:>7}" if known else ""))
    line = f"{'mean':<50}{report.passed:>6.2f}{report.chance:>8.2f}"
    if real:
        line += f"{mean(real, 'passed'):>8.2f}{mean(real, 'chance'):>8.2f}"
        same = float(np.mean([row.passed for row in report.rows if row.prompt in real]))
        line += f"\n{'mean of the prompts with real clips':<50}{same:>6.2f}"
    return "\n".join([*lines, line, "  ".join(f"{name} {value:.4f}" for name, value in report.physical.items())])


def numbers(report: probe.Report, real: Mapping[str, probe.Real]) -> dict[str, Any]:
    """The report for JSON."""
    result: dict[str, Any] = {"passed": report.passed, "chance": report.chance}
    result |= report.physical
    result["prompts"] = {row.prompt: row.passed for row in report.rows}
    if real:
        prompts = {prompt: row.passed for prompt, row in real.items()}
        result["real"] = {"passed": mean(real, "passed"), "chance": mean(real, "chance"), "prompts": prompts}
    return result


def mean(real: Mapping[str, probe.Real], field: str) -> float:
    """Over the prompts that have real clips."""
    return float(np.mean([getattr(row, field) for row in real.values()]))
