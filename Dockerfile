# One image for web, worker and beat; docker-compose.yml says which one a container is.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock

COPY . .
RUN useradd --system --no-create-home credit && mkdir -p staticfiles .run && chown credit staticfiles .run
USER credit
# Static files belong to the image: every container of a release serves the same ones.
RUN python manage.py collectstatic --noinput -v 0

ENTRYPOINT ["python", "-m", "credit_mgmt.conf.commands"]
CMD ["web"]
