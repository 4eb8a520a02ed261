"""The Temporal connection: how payloads are written, how clients connect, what the sandbox sees."""

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfigProfile
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from runtime.payloads import CompactPayloadConverter, CompressionCodec
from runtime.settings import DEFAULT_NAMESPACE, Settings

DATA_CONVERTER = DataConverter(
    payload_converter_class=CompactPayloadConverter, payload_codec=CompressionCodec()
)

# Loaded once for all workflow instances. A package that is not passed through is imported anew
# for each: forty models cost 35 ms and 0.8 MiB an instance, passed through under 1 ms.
PASSED_THROUGH = (
    "domain",
    "activities",
    "workflows.messages",
    "workflows.beside",
    "workflows.errands",
    "workflows.ledger_flusher",
    "workflows.promise_clock",
    "workflows.ticket_clock",
    "workflows.incoming",
    "workflows.loan_messengers",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_inspection",
    # No workflow imports these (the layer rules see to it); a module beside one may. Loading
    # asyncpg's extension a second time, as the sandbox would, crashes the process.
    "runtime",
    "storage",
    "asyncpg",
)


async def connect(
    address: str | None = None,
    *,
    namespace: str | None = None,
    settings: Settings | None = None,
    identity: str | None = None,
    interceptors: tuple[Interceptor, ...] = (),
    lazy: bool = False,
) -> Client:
    """A client with Aftercare's data converter.

    `address` (host:port) and `namespace` win; else Temporal's environment configuration decides
    (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, a profile), which
    also supplies TLS and keys. An address that is given outright is an embedded server or a
    test's, so the environment's TLS and keys are then left out.

    Raises: RuntimeError when the server cannot be reached; LookupError when nothing names one.
    """
    if address is not None:
        return await Client.connect(
            address,
            namespace=namespace or DEFAULT_NAMESPACE,
            data_converter=DATA_CONVERTER,
            identity=identity,
            interceptors=interceptors,
            lazy=lazy,
        )
    profile = ClientConfigProfile.load(
        profile=settings.temporal_profile if settings else None
    ).to_client_connect_config()
    target = (settings and settings.temporal_address) or profile.get("target_host")
    if not target:
        raise LookupError("no Temporal server is named: set TEMPORAL_ADDRESS, or run aftercare up")
    return await Client.connect(
        target,
        namespace=namespace
        or (settings and settings.temporal_namespace)
        or profile.get("namespace")
        or DEFAULT_NAMESPACE,
        api_key=profile.get("api_key"),
        tls=profile.get("tls"),
        rpc_metadata=profile.get("rpc_metadata", {}),
        data_converter=DATA_CONVERTER,
        identity=identity,
        interceptors=interceptors,
        lazy=lazy,
    )


def workflow_runner(sandboxed: bool = True) -> WorkflowRunner:
    """The runner for workers and replayers; the sandbox with our packages passed through."""
    if not sandboxed:
        return UnsandboxedWorkflowRunner()
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(restrictions=restrictions)
