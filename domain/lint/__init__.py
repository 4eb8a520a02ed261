"""The lint: what in a policy cannot be kept or does not fit, found by general rules.

A policy is looked at twice: as promised, and as its documents themselves put it (`as_written`). The
same rules run over both views; no rule knows a policy or a clause by its name.
"""

from domain.lint.checking import findings
from domain.lint.finding import Finding, Place, Severity

__all__ = ["Finding", "Place", "Severity", "findings"]
