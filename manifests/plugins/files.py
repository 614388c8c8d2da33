#!/usr/bin/env python3
"""A provider of files in nothing but Python's standard library: what VPP/1 asks of a plugin. The rule that carries the
rest: an operation stands in the store before anything is done for it, its answer before it is given. One in whose
middle the plugin was killed has failed, `unknown` and retryable: the same request does it again."""
import base64, hashlib, http.server, json, os, re, sqlite3, ssl, sys, threading, time
from urllib.parse import parse_qsl, unquote, urlsplit

KEPT_S, BODY_MAX, BATCH_MAX, DEADLINE_MS, TEXT = 2592000, 4 << 20, 200, 30000, {"type": "string"}
SCHEMA = {"effects": {"File": {
    "kind": "instance", "type": "file", "positional": ["path", "content"], "typical_s": 1, "timeout_s": 60,
    "parameters": {"type": "object", "additionalProperties": False, "required": ["path", "content"], "properties": {
        "path": {**TEXT, "x-ved-immutable": True}, "content": TEXT, "mode": {**TEXT, "default": "0644"},
        "delay_s": {"type": "number", "default": 0, "description": "wait so long before writing"}}},
    "result": {"type": "object", "properties": {name: TEXT for name in ("id", "path", "digest", "mode")}}}},
    "queries": {}, "types": {"file": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first"}}}
VALID = {"path": (str, "/.+"), "content": (str, "(?s).*"), "mode": (str, "0?[0-7]{3}"), "delay_s": ((int, float), r"[\d.]{,6}")}
def digest_of(data): return hashlib.sha256(data).hexdigest()
def etag(document): return '"%s"' % digest_of(json.dumps(document, sort_keys=True).encode())[:16]
def now(): return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
HELLO = {"name": "files", "vendor_version": "1", "protocol": {"versions": ["1.0"], "base": "/v1"}, "auth": ["mtls"],
         "capabilities": ["batch_observe", "list", "fence"], "schema_etag": etag(SCHEMA),
         "limits": {"max_body_bytes": BODY_MAX, "max_batch": BATCH_MAX, "max_concurrent": 16},
         "idempotency": {"ttl_s": KEPT_S}, "operations": {"retention_s": KEPT_S}}

class Problem(Exception):
    def __init__(self, status, code, detail, outcome="not_applied", **more):
        self.body = {"type": "https://ved.dev/problems/" + code.lower(), "title": code.capitalize(), "status": status,
                     "detail": detail, "code": code, "outcome": outcome, "retryable": status >= 500, **more}
def require(condition, *why, **more):
    if not condition: raise Problem(*why, **more)
def unique(pairs):
    require(len(dict(pairs)) == len(pairs), 400, "INVALID_REQUEST", "body: a member stands there twice")
    return dict(pairs)

class Store(dict):  # documents by kind and name, on disk when put() returns; its lock is the plugin's
    def __init__(self, path):
        self.lock, self.db = threading.RLock(), sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS doc (kind, name, body, PRIMARY KEY (kind, name))")
        self.update({(kind, name): json.loads(body) for kind, name, body in self.db.execute("SELECT * FROM doc")})
    def put(self, kind, name, body):
        self.db.execute("INSERT OR REPLACE INTO doc VALUES (?, ?, ?)", (kind, name, json.dumps(body)))
        self[kind, name] = body

class Plugin(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, timeout, schema, hello = "HTTP/1.1", True, 120, SCHEMA, HELLO
    store, running = None, {}  # shared by all: by key of an operation its object's uid, and the event of its end
    def arguments(self, item):  # what is wanted: valid, with defaults, with secrets in their places
        wanted = {"mode": "0644", "delay_s": 0, **item.get("desired", {})}
        for name in {**VALID, **wanted}:
            if isinstance(wanted.get(name), dict):
                wanted[name] = (item.get("secrets") or {}).get(wanted[name].get("$secret"))
            kind, pattern = VALID.get(name, ((), ""))
            require(isinstance(wanted.get(name), kind) and re.fullmatch(pattern, str(wanted[name])), 422,
                    "VALIDATION_FAILED", "'%s' is missing or not valid" % name, errors=[{"pointer": "/" + name}])
        return wanted
    def look(self, path):
        if os.path.exists(path):
            with open(path, "rb") as file:
                mode = "%04o" % (os.fstat(file.fileno()).st_mode & 0o777)
                return {"id": path, "path": path, "digest": digest_of(file.read()), "mode": mode}
    def write(self, wanted, aside):
        with open(aside, "wb", 0) as file:
            os.fchmod(file.fileno(), int(wanted["mode"], 8))
            file.write(wanted["content"].encode())
            os.fsync(file.fileno())
        os.replace(aside, wanted["path"])
    def observe(self, item):
        made = self.store.get(("instance", item["uid"]))
        state = made and self.look(made["state"]["path"])
        seen = {"uid": item["uid"], "etag": state and etag(state), "observed_at": now(), "ready": True}
        status = "absent" if not state else "unchanged" if item.get("etag") == seen["etag"] else "found"
        return {**seen, "status": status, **({"state": state} if status == "found" else {})}
    def operation(self, op):  # one that says that it runs, and does not, was killed
        known = self.store.get(("operation", op))
        if known and known["state"] == "running" and op not in self.running:
            why = Problem(500, "INTERNAL", "killed in its middle; send it again", "unknown", op=op)
            return {**known, "state": "failed", "status": 500, "problem": why.body}
        return known
    def mutate(self, uid, body, digest, header):  # the operation, and whether its answer was there already
        op, owner, fence = body.get("op"), body.get("owner") or {}, int(header("Ved-Fence", 0))
        known, lineage = self.operation(op), owner.get("lineage")
        require(header("Idempotency-Key", "") == '"%s"' % op, 400, "IDEMPOTENCY_KEY_MISSING", "expected member op")
        require(fence >= self.store.get(("fence", lineage), 0), 409, "STALE_FENCE", "somebody else goes on here")
        require(not known or known["digest"] == digest, 422, "IDEMPOTENCY_KEY_REUSED", "it is another request's")
        self.store.put("fence", lineage, fence)
        if known and not (known["state"] == "failed" and known["problem"]["retryable"]):
            return known, known["state"] != "running"
        known or self.admit(self.store.get(("instance", uid)), uid, body, lineage, header)
        operation = {"op": op, "uid": uid, "type": "file", "digest": digest, "owner": owner, "state": "running",
                     "created_at": now(), "updated_at": now(), "poll_ms": 200, "cancellable": False}
        self.store.put("operation", op, operation)
        self.running[op] = uid, threading.Event()
        threading.Thread(target=self.perform, args=(operation, self.command == "PUT", body), daemon=True).start()
        return operation, False
    def admit(self, made, uid, body, lineage, header):
        match, busy = header("If-Match", "*"), [op for op, running in self.running.items() if running[0] == uid]
        require(not busy, 409, "OPERATION_IN_PROGRESS", "another operation is at this object", op="".join(busy))
        require(not made or made["owner"]["lineage"] == lineage, 409, "NOT_OWNED", "it is another state's")
        require(not made or header("If-None-Match", "") != "*", 412, "ETAG_MISMATCH", "it exists already")
        require(match == "*" or made and match == made["etag"], 412, "ETAG_MISMATCH", "it is not as supposed")
        require(made or self.command == "PUT", 404, "NOT_FOUND", "there is no such object")
        if self.command == "PUT":
            path = self.arguments(body)["path"]
            require(not made or made["state"]["path"] == path, 422, "UNSUPPORTED_CHANGE", "replace the object")
            require(made or body.get("adopt") or not os.path.lexists(path), 409, "NOT_OWNED", "it is nobody's")
    def perform(self, operation, puts, body):
        op, uid, made = operation["op"], operation["uid"], self.store.get(("instance", operation["uid"]))
        end = {**operation, "state": "succeeded", "status": 200 if made else 201, "result": {
            "uid": uid, "op": op, "outcome": "applied", "type": "file", "effect": "File", "schema_version": 1,
            "owner": operation["owner"], "sensitive": [], "warnings": [], "ready": True}}
        try:
            if puts:
                wanted = self.arguments(body)
                time.sleep(wanted["delay_s"])
                self.write(wanted, "%s.%s" % (wanted["path"], uid))
                state = self.look(wanted["path"])
                end["result"].update(external_id=state["id"], state=state, etag=etag(state))
            elif made and os.path.lexists(made["state"]["path"]):
                os.unlink(made["state"]["path"])
            made = end["result"] if puts else None
        except (OSError, ValueError) as error:  # the file is as it was: it changes as a whole or not at all
            end.update(state="failed", status=500, problem=Problem(500, "INTERNAL", str(error), op=op).body)
        with self.store.lock:
            self.store.put("instance", uid, made)
            self.store.put("operation", op, {**end, "updated_at": now()})
            self.running.pop(op)[1].set()
    def log_message(self, *_): pass
    def reply(self, status, body, **headers):
        data = json.dumps(body).encode() if body else b""
        headers["Content-Type"] = "application/problem+json" if status >= 400 else "application/json"
        self.send_response(status)
        for name, value in {**headers, "Ved-Protocol": "1.0", "Content-Length": len(data)}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
    def serve(self):
        size, header, url = int(self.headers.get("Content-Length", 0)), self.headers.get, urlsplit(self.path)
        data = self.rfile.read(size)  # what is too large as well, else its sender never sees the answer
        digest = "sha-256=:%s:" % base64.b64encode(hashlib.sha256(data).digest()).decode()
        spoken, media = header("Ved-Protocol", "1.0"), header("Content-Type", "application/json")
        try:
            require(size <= BODY_MAX, 413, "TOO_LARGE", "expected at most %d bytes" % BODY_MAX)
            require(spoken[:2] == "1.", 400, "PROTOCOL_VERSION_UNSUPPORTED", "1.0 is spoken", supported=["1.0"])
            require(digest in header("Content-Digest", digest), 400, "INVALID_REQUEST", "not the body's Content-Digest")
            require(media.startswith("application/json"), 415, "UNSUPPORTED_MEDIA", "expected application/json")
            body = dict(json.loads(data.decode(), object_pairs_hook=unique)) if size else {}
            self.route(list(map(unquote, url.path.split("/")[1:])), dict(parse_qsl(url.query)), header, body, digest)
        except Problem as problem:
            self.reply(problem.body["status"], problem.body)
        except (ValueError, TypeError, RecursionError):
            self.reply(400, Problem(400, "INVALID_REQUEST", "expected a JSON object, not too deep").body)
    do_GET = do_PUT = do_POST = do_DELETE = serve
    def route(self, path, query, header, body, digest):
        match self.command, *path:
            case "GET", ".well-known", "ved-provider": self.reply(200, self.hello)
            case "GET", "v1", "health": self.reply(200, {"ready": True})
            case "GET", "v1", "schema":
                same = header("If-None-Match") == self.hello["schema_etag"]
                self.reply(304 if same else 200, None if same else self.schema, ETag=self.hello["schema_etag"])
            case "POST", "v1", "observe":
                require(len(body["items"]) <= BATCH_MAX, 413, "TOO_LARGE", "expected at most %d items" % BATCH_MAX)
                self.reply(200, {"items": [self.observe(item) for item in body["items"]]})
            case "GET", "v1", ("instances" | "operations") as kind:
                fits = lambda doc: query.items() <= {**query, **doc, "owner": doc["owner"]["lineage"]}.items()
                every = [doc for (k, _), doc in list(self.store.items()) if k == kind[:-1] and doc and fits(doc)]
                self.reply(200, {"items": every})
            case ("GET", "v1", "instances", "file", name) | ("GET", "v1", "operations", name):
                found = self.operation(name) if path[1] == "operations" else self.store.get(("instance", name))
                require(found, 404, "NOT_FOUND", "there is no such object or operation")
                self.reply(200, found, ETag=found.get("etag", etag(found)))
            case "PUT" | "DELETE", "v1", "instances", "file", uid:
                with self.store.lock:
                    operation, replayed = self.mutate(uid, body, self.command + self.path + digest, header)
                    running = self.running.get(operation["op"])
                wait_ms = 0 if "wait=0" in header("Prefer", "") else int(header("Ved-Deadline-Ms", DEADLINE_MS))
                if running and not running[1].wait(wait_ms / 1000):
                    return self.reply(202, operation, Location="/v1/operations/" + operation["op"], Retry_After=1)
                end, again = self.operation(operation["op"]), {"Idempotency-Replayed": "true"} if replayed else {}
                answer = end["result" if end["state"] == "succeeded" else "problem"]
                self.reply(end["status"], answer, ETag=answer.get("etag", '""'), **again)
            case _: raise Problem(404, "NOT_FOUND", "there is no such path or method")

def main(plugin=Plugin):
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    if "--schema" in sys.argv:
        return print(json.dumps(plugin.schema))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options["--tls"] + "/ca.crt")
    tls.minimum_version, tls.verify_mode = ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED
    tls.load_cert_chain(options["--tls"] + "/tls.crt", options["--tls"] + "/tls.key")
    os.makedirs(options["--data"], 0o700, exist_ok=True)
    plugin.store = Store(options["--data"] + "/store.db")
    host, port = options["--listen"].rsplit(":", 1)
    http.server.ThreadingHTTPServer.request_queue_size = 256
    server = http.server.ThreadingHTTPServer((host, int(port)), plugin)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("https://%s:%d" % server.server_address[:2], flush=True)
    sys.stdin.read()  # it ends when Ved does
if __name__ == "__main__": main()
