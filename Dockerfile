# The worker, the migrations and the command line for a server. Postgres and Temporal are the
# compose file's: the embedded ones and the test tools stay out.

FROM python:3.13-slim AS build
RUN python -m venv /opt/venv
COPY deploy/requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin aftercare
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY domain ./domain
COPY workflows ./workflows
COPY activities ./activities
COPY storage ./storage
COPY runtime ./runtime
COPY desk ./desk
COPY rehearsal ./rehearsal
COPY cli ./cli
COPY policies ./policies
COPY worker.py starter.py ./
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AFTERCARE_HOME=/tmp/aftercare LOG_FORMAT=json
USER aftercare
# Exec form: the worker is process 1 and gets the SIGTERM itself, upon which it drains.
STOPSIGNAL SIGTERM
CMD ["python", "worker.py"]
