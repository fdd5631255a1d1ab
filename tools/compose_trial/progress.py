"""What has passed and what was measured, kept in a file between two calls."""

import json
from dataclasses import dataclass, field
from pathlib import Path

_PART, _FIGURE = 26, 44


@dataclass
class Progress:
    """The parts that have passed and the figures of each, by part and name."""

    file: Path
    passed: list[str] = field(default_factory=list)
    figures: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> "Progress":
        """Read the file; empty where there is none."""
        kept = json.loads(file.read_text()) if file.exists() else {}
        return cls(file, **kept)

    def begin(self, part: str) -> None:
        """Forget what an earlier call found for a part."""
        self.passed = [name for name in self.passed if name != part]
        self.figures[part] = {}
        self._write()

    def note(self, part: str, name: str, figure: str) -> None:
        """Keep a figure."""
        self.figures.setdefault(part, {})[name] = figure
        self._write()

    def passes(self, part: str, seconds: float) -> None:
        """Note that a part has passed."""
        self.passed.append(part)
        self.note(part, "seconds", f"{seconds:.0f}")

    def table(self, parts: list[str]) -> str:
        """Return state, seconds and figures of all parts as a table."""
        lines = [f"{'part':{_PART}} {'state':8} {'figure':{_FIGURE}} value"]
        for part in parts:
            state = "passed" if part in self.passed else "-"
            figures = self.figures.get(part) or {"seconds": "-"}
            for number, (name, figure) in enumerate(sorted(figures.items(), key=_seconds_first)):
                start = (part, state) if number == 0 else ("", "")
                lines.append(f"{start[0]:{_PART}} {start[1]:8} {name:{_FIGURE}} {figure}")
        return "\n".join(lines)

    def _write(self) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"passed": self.passed, "figures": self.figures}, indent=1))
        fresh.replace(self.file)


def _seconds_first(pair: tuple[str, str]) -> bool:
    return pair[0] != "seconds"
