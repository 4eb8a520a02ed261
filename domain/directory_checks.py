"""What a company's books must not say (decisions, Intake): every fault, with place and fix."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from domain.directory import Customer, Directory
from domain.policy_entry import nearest
from domain.records import Record

DEPARTMENTS = ("engineering", "production")


class Fault(Record):
    """One fault. `section` and `index` (from 0) name the entry; the texts are Chinese."""

    section: str
    index: int
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.section}[{self.index}].{self.field}: {self.message}。{self.fix}"


def faults(
    directory: Directory,
    *,
    departments: Collection[str] = DEPARTMENTS,
    policies: Collection[str] | None = None,
) -> tuple[Fault, ...]:
    """All that does not fit together, in the order of the books; empty when they are sound.

    `policies` are the names that a line may give; None: any name. A number may stand in
    two customers, since families share one; it then makes both candidates.
    """
    return (
        *_repeated(directory),
        *_unknown_references(directory),
        *_unknown_words(directory, departments, policies),
        *_numbers_within_a_customer(directory.customers),
        *_numbers_across(directory),
        *_exchanged_before_bought(directory),
    )


def _repeated(directory: Directory) -> Iterator[Fault]:
    columns: tuple[tuple[str, str, Sequence[str | None]], ...] = (
        ("lines", "number", [one.number for one in directory.lines]),
        ("customers", "id", [one.id for one in directory.customers]),
        ("properties", "id", [one.id for one in directory.properties]),
        ("devices", "id", [one.id for one in directory.devices]),
        ("technicians", "id", [one.id for one in directory.technicians]),
        ("technicians", "name", [one.name for one in directory.technicians]),
        ("staff", "name", [f"{one.role.value}/{one.name}" for one in directory.staff]),
        ("loaners", "id", [one.id for one in directory.loaners]),
    )
    for section, field, values in columns:
        first: dict[str, int] = {}
        for index, value in enumerate(values):
            if value is None:
                continue
            if value in first:
                yield Fault(
                    section=section,
                    index=index,
                    field=field,
                    message=f"{value} 与第 {first[value] + 1} 条重复",
                    fix="删去其中一条,或改成不同的值",
                )
            first.setdefault(value, index)


def _unknown_references(directory: Directory) -> Iterator[Fault]:
    properties = [one.id for one in directory.properties]
    customers = [one.id for one in directory.customers]
    for index, customer in enumerate(directory.customers):
        if customer.property is not None and customer.property not in properties:
            yield _unknown("customers", index, "property", customer.property, "物业", properties)
    for index, device in enumerate(directory.devices):
        if device.id is None:
            yield Fault(
                section="devices", index=index, field="id", message="设备没有编号", fix="写上 id"
            )
        if device.customer is not None and device.customer not in customers:
            yield _unknown("devices", index, "customer", device.customer, "客户", customers)


def _unknown_words(
    directory: Directory, departments: Collection[str], policies: Collection[str] | None
) -> Iterator[Fault]:
    for index, technician in enumerate(directory.technicians):
        if technician.department not in departments:
            word = technician.department
            yield _unknown("technicians", index, "department", word, "部门", departments)
    if policies is None:
        return
    for index, line in enumerate(directory.lines):
        if line.policy not in policies:
            yield _unknown("lines", index, "policy", line.policy, "政策", policies)


def policies_to_come(directory: Directory, policies: Collection[str]) -> dict[str, int]:
    """Policies that devices name and that are not there yet, with how many devices each.

    The books may come before the policies do: registering such a device is refused until then.
    A line's policy is another matter, since without it a call could not open its ticket.
    """
    named = Counter(one.policy for one in directory.devices if one.policy)
    return {name: named[name] for name in sorted(named) if name not in policies}


def _unknown(
    section: str, index: int, field: str, word: str, what: str, choices: Collection[str]
) -> Fault:
    fix = nearest(word, choices) if choices else f"文件里还没有{what},请先补上"
    return Fault(
        section=section, index=index, field=field, message=f"没有 {word} 这个{what}", fix=fix
    )


def _numbers_within_a_customer(customers: Iterable[Customer]) -> Iterator[Fault]:
    for index, customer in enumerate(customers):
        for number in sorted({one for one in customer.phones if customer.phones.count(one) > 1}):
            yield Fault(
                section="customers",
                index=index,
                field="phones",
                message=f"客户 {customer.id} 的号码 {number} 写了两次",
                fix="只留一个(写法不同的同一号码也算)",
            )


def _numbers_across(directory: Directory) -> Iterator[Fault]:
    """A caller is a customer, or speaks for many, or is one of us: never two of these."""
    others: dict[str, list[str]] = defaultdict(list)
    for house in directory.properties:
        for number in house.phones:
            others[number].append(f"物业 {house.id}")
    for member in directory.staff:
        if member.phone is not None:
            others[member.phone].append(f"员工 {member.name}")
    for technician in directory.technicians:
        if technician.phone is not None:
            others[technician.phone].append(f"维修人员 {technician.id}")
    for index, customer in enumerate(directory.customers):
        for number in dict.fromkeys(customer.phones):
            for owner in others.get(number, ()):
                yield Fault(
                    section="customers",
                    index=index,
                    field="phones",
                    message=f"客户 {customer.id} 的号码 {number} 也是{owner}的号码",
                    fix="一个号码不能既是客户又是物业或员工:从其中一处删去",
                )


def _exchanged_before_bought(directory: Directory) -> Iterator[Fault]:
    for index, device in enumerate(directory.devices):
        bought, exchanged = device.invoice_date, device.exchanged_on
        if bought is not None and exchanged is not None and exchanged < bought:
            yield Fault(
                section="devices",
                index=index,
                field="exchanged_on",
                message=f"换机日 {exchanged} 早于开票日 {bought}",
                fix="改正其中一个日期",
            )
