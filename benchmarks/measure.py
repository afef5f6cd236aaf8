"""What every benchmark shares: the machine it ran on, the commit, and the one way results are written."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import torch

from seqinterp.attribution.evidence import versions

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, object]:
    """Processor, cores, GPU, versions and commit."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "versions": versions(),
        "commit": done.stdout.strip() or "unknown",
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_results(suite: str, figures: object) -> Path:
    """Write `results/<suite>--<machine>--<device>.json`."""
    here = machine()
    device = "cuda" if here["gpu"] else "cpu"
    name = f"{suite}--{platform.machine()}-{torch.get_num_threads()}threads--{device}.json"
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / name
    path.write_text(json.dumps({"suite": suite, "machine": here, "figures": figures}, indent=2) + "\n")
    return path


def _processor() -> str:
    """The model name of the processor, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
