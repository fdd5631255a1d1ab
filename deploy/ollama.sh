#!/bin/sh
# Serves Ollama and sees to it that the model is there; the health check waits for the model.
# A machine without a network keeps the model of an earlier start.
set -eu

ollama serve &
server=$!
trap 'kill -TERM "$server"' TERM INT

until ollama list >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || exit 1
    sleep 1
done
until ollama show "$OLLAMA_MODEL" >/dev/null 2>&1 || ollama pull "$OLLAMA_MODEL"; do
    echo "$OLLAMA_MODEL could not be pulled: trying again in 10 seconds" >&2
    sleep 10
done
wait "$server"
