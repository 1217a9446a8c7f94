# Pinned by tag, not by digest: take the digest of the day in your own registry and pin that.
FROM python:3.11-slim
WORKDIR /opt/creditline
# By name: whatever else lies in this folder, secrets above all, cannot get into the image.
COPY pyproject.toml setup.py README.md LICENSE requirements.in requirements-dev.in requirements.lock ./
COPY scripts scripts
COPY dags dags
COPY dbt_project dbt_project
COPY expectations expectations
RUN scripts/bootstrap && useradd --uid 10001 --no-create-home creditline \
    && mkdir -p /var/lib/creditline /var/lib/airflow && chown creditline /var/lib/creditline /var/lib/airflow
ENV PATH=/opt/creditline/.venv/bin:$PATH
