# shellcheck shell=bash disable=SC2154
# The Bedrock front and moto; sourced by Scripts/test-servers.
measure_amazon() {
    local python candidate
    python=$SUBMETER_REAL/sdks/bin/python
    if ! "$python" -c 'import boto3, moto, smithy_aws_event_stream' 2>/dev/null; then
        for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9].*/bin/python3; do
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break
            candidate=
        done
        [ -n "$candidate" ] || { echo "skipped: Amazon's parts: they need Python 3.12 or newer"; return; }
        { "$candidate" -m venv "$SUBMETER_REAL/sdks" &&
            "$python" -m pip install --quiet --disable-pip-version-check boto3 smithy-aws-event-stream 'moto[server]'; } >&2 ||
            { echo "skipped: Amazon's parts: PyPI is out of reach"; return; }
    fi
    export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 SERVERS_BEDROCK_KEY=bedrock-api-key-local
    serve "bedrock-$front_port" bash "$real/bedrock/start.sh" "$front_port" "http://127.0.0.1:$engine_port/v1" tiny-scripted none
    AWS_ACCESS_KEY_ID=AKIDLOCAL AWS_SECRET_ACCESS_KEY=local-secret measure bedrock bedrock-plan.yaml
    judge sessions "$folder/bedrock.attempts" "$folder/bedrock.events"
    AWS_ACCESS_KEY_ID=AKIDLOCAL AWS_SECRET_ACCESS_KEY=wrong SERVERS_BEDROCK_KEY=wrong measure bedrock-wrong bedrock-plan.yaml
    judge status 403 "$folder/bedrock-wrong.attempts"
    THROTTLE_EVERY=5 serve "bedrock-$throttled_port" bash "$real/bedrock/start.sh" "$throttled_port" "http://127.0.0.1:$engine_port/v1" tiny-scripted none
    measure bedrock-throttled bedrock-throttled-plan.yaml
    judge throttled "$folder/bedrock-throttled.attempts"

    serve "moto-$moto_port" bash "$real/moto/start.sh" "$moto_port"
    local key
    key=$("$python" "$real/moto/sigv4_check.py" "http://127.0.0.1:$moto_port" | tail -1)
    member() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$key" "$1"; }
    AWS_ACCESS_KEY_ID=$(member access_key_id) AWS_SECRET_ACCESS_KEY=$(member secret_access_key) measure moto moto-plan.yaml
    judge status '!403' "$folder/moto.attempts"
    AWS_ACCESS_KEY_ID=$(member access_key_id) AWS_SECRET_ACCESS_KEY=wrong measure moto-wrong moto-plan.yaml
    judge status 403 "$folder/moto-wrong.attempts"
}
