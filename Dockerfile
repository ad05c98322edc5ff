# One image for everything: web, worker, beat and sandbox are four commands of it (docker-compose.yml).
FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/mailroom mailroom \
    && install -d -o mailroom -g mailroom /var/lib/mailroom
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/app/staticfiles PORT=8000
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
# Settings refuse to load without secrets; these last for this one command and sign nothing.
RUN MAILROOM_ENV=production ALLOWED_HOSTS=build DATABASE_URL=postgresql://build@127.0.0.1/build \
    REDIS_URL=redis://127.0.0.1:6379/0 SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    SEAL_KEYS="$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    python manage.py collectstatic --noinput
USER mailroom
EXPOSE 8000
CMD ["sh", "-c", "exec python -m gunicorn portal.wsgi:application -w 2 --worker-class gthread --threads 8 --no-control-socket --preload --timeout 60 --graceful-timeout 25 --worker-tmp-dir /dev/shm --bind 0.0.0.0:$PORT"]
