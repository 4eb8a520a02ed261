"""`aftercare policy schema`: the JSON schema of a policy file, for editors."""

from cli.terminal import print_json
from domain.policy_schema import policy_schema


def schema() -> None:
    """政策文件的 JSON Schema,供编辑器提示和检查。"""
    print_json(policy_schema())
