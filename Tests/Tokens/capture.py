"""Keeps every request that it gets, and answers with one word: capture.py PORT-FILE FOLDER

The port, which the system chooses, stands in PORT-FILE once it listens.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Capture(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(os.path.join(sys.argv[2], self.headers["X-Request-Id"] + ".json"), "wb") as file:
            file.write(body)
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        events = [
            chunk | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "ok"}, "finish_reason": None}]},
            chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ]
        answer = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Capture)
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(server.server_port))
os.replace(sys.argv[1] + ".part", sys.argv[1])
server.serve_forever()
