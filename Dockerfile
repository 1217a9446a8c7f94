# Pinned by tag, not by digest: take the digest of the day in your own registry and pin that.
FROM python:3.11-slim
WORKDIR /opt/creditline
COPY . .
RUN scripts/bootstrap && useradd --uid 10001 --no-create-home creditline \
    && mkdir -p /var/lib/creditline /var/lib/airflow && chown creditline /var/lib/creditline /var/lib/airflow
ENV PATH=/opt/creditline/.venv/bin:$PATH
