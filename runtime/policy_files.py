"""INTERIM"""
from pathlib import Path
import functools
import yaml
from domain.policy import Policy
from domain.refusals import Refused, RefusalType


class PolicyShelf:
    def __init__(self, directory: Path) -> None:
        self._dir = Path(directory)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(p.stem for p in self._dir.glob("*.yaml")))

    @functools.cache
    def get(self, name: str) -> Policy:
        if name not in self.names():
            raise Refused(RefusalType.UNKNOWN_POLICY, f"没有政策 {name};可用:{'、'.join(self.names())}", "policy")
        return self.load_file(self._dir / f"{name}.yaml")

    def load_file(self, path: Path) -> Policy:
        d = yaml.safe_load(path.read_text())
        if "extends" in d:
            base = yaml.safe_load((self._dir / f"{d['extends']}.yaml").read_text())
            own = {p["id"] for p in d.get("promises", [])}
            d["promises"] = [p for p in base["promises"] if p["id"] not in own] + d.get("promises", [])
            d["calendars"] = {**base.get("calendars", {}), **d.get("calendars", {})}
        for c in d.get("calendars", {}).values():
            if c.pop("dates", None):
                c |= {"source": ["x"], "known_from": "2025-01-01", "known_until": "2026-12-31", "holidays": [], "makeup_workdays": []}
        return Policy.model_validate(d)

    def for_product_class(self, cls: str) -> list[str]:
        return [n for n in self.names() if cls in self.get(n).product_classes]
