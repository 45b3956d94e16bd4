# docker build -t answer-evaluator .
# export EVALUATOR_API_KEYS="$(openssl rand -hex 32)"
# docker run -p 8000:8000 -e EVALUATOR_API_KEYS answer-evaluator
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/evaluator \
    && /opt/evaluator/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY rubrics rubrics
RUN /opt/evaluator/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 evaluator
COPY --from=build /opt/evaluator /opt/evaluator
USER evaluator
WORKDIR /home/evaluator
# A container is reached from outside itself, so the service asks for EVALUATOR_API_KEYS before it starts.
ENV PATH=/opt/evaluator/bin:$PATH PYTHONUNBUFFERED=1 EVALUATOR_LISTEN=0.0.0.0:8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["evaluator", "serve"]
