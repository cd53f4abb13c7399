# shellcheck shell=bash disable=SC2154,SC2034
# vLLM on the processor; sourced by Scripts/test-servers. Where it is there, LiteLLM is put before it.
gateway_engine=llamacpp
gateway_model=openai/tiny-scripted
gateway_base=http://127.0.0.1:$engine_port/v1
measure_vllm() {
    local endpoint
    # Its installation ends with what this asks for.
    if ! "$SUBMETER_REAL/vllm/bin/python" -c 'from importlib.metadata import version; version("vllm")' 2>/dev/null; then
        echo "installing vLLM; this takes some minutes" >&2
        timeout 1800 bash "$real/vllm/install.sh" >&2 ||
            { echo "skipped: vLLM: it needs Python 3.11, PyPI and the build of torch for processors"; return; }
    fi
    VLLM_EXTRA='--stream-interval 4' serve "vllm-$interval_port" bash "$real/vllm/start.sh" scripted "$interval_port" ||
        { echo "skipped: vLLM: it does not start"; return; }
    measure vllm-interval vllm/interval-plan.yaml
    judge scripted vllm "$folder/vllm-interval.attempts" "$folder/vllm-interval.events"
    judge interval "$folder/vllm-interval.attempts"
    end "$SUBMETER_REAL/vllm-$interval_port.pid"

    serve "vllm-$vllm_port" bash "$real/vllm/start.sh" scripted "$vllm_port" || { echo "skipped: vLLM: it does not start"; return; }
    measure vllm vllm/plan.yaml
    rank vllm
    judge scripted vllm "$folder/vllm.attempts" "$folder/vllm.events"
    measure vllm-refusals vllm/refusals-plan.yaml
    judge outcome vllm-unknown 404 not-found "$folder/vllm-refusals.attempts"
    for endpoint in vllm vllm-responses vllm-messages; do
        judge outcome "$endpoint" 400 context-length "$folder/vllm-refusals.attempts"
    done
    gateway_engine=vllm gateway_model=hosted_vllm/tiny-scripted gateway_base=http://127.0.0.1:$vllm_port/v1
}
