# docker build -t auditscribe .
# docker run -it --rm -v auditscribe:/data auditscribe python -m bot setup --no-browser
# docker run -d --init --restart unless-stopped -v auditscribe:/data auditscribe
FROM python:3.11-slim

# All that outlives the container lies in /data: .env, ledger, files, Google's token, the speech model.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    DATA_DIR=/data \
    XDG_CACHE_HOME=/data/cache \
    HOME=/data

COPY requirements.txt /app/
RUN pip install --no-cache-dir -r /app/requirements.txt

COPY .env.example /app/
COPY bot /app/bot
COPY cogs /app/cogs
COPY config /app/config
COPY scripts/test_status_updates.py /app/scripts/
COPY services /app/services

RUN mkdir /data && chown 10001:10001 /data
WORKDIR /data
USER 10001:10001
VOLUME /data

# With a PORT the bot tells how it is; without one there is nothing to ask.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD test -z "$PORT" || python -c "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=8)"

CMD ["python", "-m", "bot"]
