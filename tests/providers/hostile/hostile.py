#!/usr/bin/env python3
"""Providers that break the protocol, each in one way: {"wrong": NAME} in the config says which; without it, none.

They are the plugin of manifests/plugins with the capabilities that it leaves out, and a subclass for each way. ways.txt
beside this file says by which rules the conformance suite must catch each of them. `--ways` prints the names."""
import json, os, re, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../manifests/plugins"))
import files
from files import Problem, now, require

class Complete(files.Plugin):
    hello = {**files.HELLO, "capabilities": files.HELLO["capabilities"] + ["plan", "validate", "events", "upgrade_state"]}
    changes = []  # what the feed tells, of all
    later = 1     # the latest schema version that is known

    def dispatch(self):
        self.serve()
    do_GET = do_PUT = do_POST = do_DELETE = dispatch

    @classmethod
    def prepare(cls):
        """Before anything is served."""
    def planned(self, wanted):
        digest = files.digest_of(wanted["content"].encode())
        return {"id": wanted["path"], "path": wanted["path"], "digest": digest, "mode": wanted["mode"].zfill(4)}
    def plan(self, item):
        wanted, made = self.arguments(item), self.store.get(("instance", item["uid"]))
        planned = self.planned(wanted)
        moved = bool(made) and made["state"]["path"] != planned["path"]
        action = "create" if not made else "replace" if moved else "noop" if made["state"] == planned else "update"
        return {"action": action, "planned": planned, "replace_because": ["/path"] * moved, "disruptive": moved}
    def validate(self, item):
        try:
            return {"valid": bool(self.arguments(item))}
        except Problem as problem:
            return {"valid": False, "problem": problem.body}
    def admit(self, made, uid, body, lineage, header):
        super().admit(made, uid, body, lineage, header)
        require(body.get("schema_version", 1) <= self.later, 422, "STATE_FROM_FUTURE", "version 1 is known")
    def perform(self, operation, puts, body):
        super().perform(operation, puts, body)
        self.tell(operation["uid"])
    def tell(self, uid):
        self.changes.append({"change": "changed", "type": "file", "uid": uid, "at": now()})
    def events(self, query):
        cursor = query.get("cursor", str(len(self.changes)))
        require(self.is_known(cursor), 410, "CURSOR_LOST", "observe everything")
        until = time.monotonic() + float(query.get("wait", 0))
        while int(cursor) >= len(self.changes) and time.monotonic() < until:
            time.sleep(0.02)
        return {"items": self.changes[int(cursor):], "cursor": str(len(self.changes))}
    def is_known(self, cursor):
        return cursor.isdigit() and int(cursor) <= len(self.changes)
    def upgrade(self, body):
        require(body["schema_version"] <= self.later, 422, "STATE_FROM_FUTURE", "version 1 is known")
        return {"type": body["type"], "schema_version": 1, "state": body["state"]}
    def route(self, path, query, header, body, digest):
        match self.command, *path:
            case "POST", "v1", ("plan" | "validate") as verb:
                self.reply(200, {"items": [getattr(self, verb)(item) for item in body["items"]]})
            case "GET", "v1", "events": self.reply(200, self.events(query))
            case "POST", "v1", "upgrade-state": self.reply(200, self.upgrade(body))
            case _: super().route(path, query, header, body, digest)

# ---- what it says of itself ----

class SaysTooLittle(Complete):
    hello = {name: value for name, value in Complete.hello.items() if name != "vendor_version"}
class ForgetsKeysInADay(Complete):
    hello = {**Complete.hello, "idempotency": {"ttl_s": 86400}}
class SpeaksAnyVersion(Complete):
    def serve(self):
        del self.headers["Ved-Protocol"]
        super().serve()
class SaysNoVersion(Complete):
    def send_header(self, name, value):
        if name != "Ved-Protocol": super().send_header(name, value)
class NeverSaysItIsReady(Complete):
    def reply(self, status, body, **headers):
        super().reply(status, {"status": "ok"} if body == {"ready": True} else body, **headers)
class ShowsAnotherSchema(Complete):
    def send_header(self, name, value):
        super().send_header(name, '"another"' if name == "ETag" and self.path == "/v1/schema" else value)
class SendsTheSchemaAgain(Complete):
    def serve(self):
        if self.path == "/v1/schema": del self.headers["If-None-Match"]
        super().serve()
class TellsStrangers(Complete):
    @classmethod
    def prepare(cls):
        class Trusting(files.ssl.SSLContext):
            verify_mode = property(lambda self: None, lambda self, mode: None)
        files.ssl.create_default_context = lambda *_, **__: Trusting(files.ssl.PROTOCOL_TLS_SERVER)
class SendsPlainProblems(Complete):
    def send_header(self, name, value):
        super().send_header(name, value.replace("problem+", "") if name == "Content-Type" else value)

# ---- the form of requests ----

class TrustsAnyDigest(Complete):
    def serve(self):
        del self.headers["Content-Digest"]
        super().serve()
class NeedsNoKey(Complete):
    def mutate(self, uid, body, digest, header):
        key = '"%s"' % body.get("op")
        return super().mutate(uid, body, digest, lambda n, d=None: key if n == "Idempotency-Key" else header(n, d))
class TakesAnySize(Complete):
    @classmethod
    def prepare(cls):
        files.BODY_MAX = 1 << 30
class TakesTheLastOfTwo(Complete):
    @classmethod
    def prepare(cls):
        files.unique = dict
class RefusesUnknownMembers(Complete):
    def mutate(self, uid, body, digest, header):
        strange = [name for name in body if name.startswith("x_")]
        require(not strange, 400, "INVALID_REQUEST", "not known: %s" % strange)
        return super().mutate(uid, body, digest, header)
class LosesControlCharacters(Complete):
    def write(self, wanted, aside):
        super().write({**wanted, "content": re.sub("[\x00-\x09\x0b-\x1f]", "", wanted["content"])}, aside)
class NotesKeysTooSoon(Complete):
    notes = {}
    def serve(self):
        op = self.headers.get("Idempotency-Key", "").strip('"')
        if op and not self.store.get(("operation", op)):
            self.notes[op] = {"op": op, "state": "pending"}
        super().serve()
    def operation(self, op):
        return super().operation(op) or (self.notes.get(op) if self.command == "GET" else None)

# ---- keys ----

class NeverSaysReplayed(Complete):
    def send_header(self, name, value):
        if name != "Idempotency-Replayed": super().send_header(name, value)
class MixesUpKeys(Complete):
    def mutate(self, uid, body, digest, header):
        known = self.operation(body.get("op"))
        return super().mutate(uid, body, known["digest"] if known else digest, header)
class MakesAUidTwice(Complete):
    def admit(self, made, uid, body, lineage, header):
        super().admit(made, uid, body, lineage, lambda n, d=None: d if n == "If-None-Match" else header(n, d))
class RefusesRetries(Complete):
    def mutate(self, uid, body, digest, header):
        require(body.get("op") not in self.running, 409, "OPERATION_IN_PROGRESS", "it runs", op=body.get("op"))
        return super().mutate(uid, body, digest, header)
    def write(self, wanted, aside):
        time.sleep(0.3)
        super().write(wanted, aside)
class HidesResults(Complete):
    def reply(self, status, body, **headers):
        of_operation = isinstance(body, dict) and "poll_ms" in body
        super().reply(status, {**body, "result": None} if of_operation else body, **headers)
class KnowsEveryKey(Complete):
    def operation(self, op):
        known = super().operation(op)
        return {"op": op, "state": "succeeded"} if not known and op.startswith("nobody") else known
class ForgetsKeysOnRestart(Complete):
    @classmethod
    def prepare(cls):
        class Forgetful(files.Store):
            def __init__(self, path):
                super().__init__(path)
                for key in [key for key in self if key[0] == "operation"]: del self[key]
        files.Store = Forgetful

# ---- objects ----

class AnswersEverythingWith200(Complete):
    def reply(self, status, body, **headers):
        super().reply(200 if status == 201 else status, body, **headers)
class ListsEverybodysObjects(Complete):
    def route(self, path, query, header, body, digest):
        if path == ["v1", "instances"]: query.pop("owner", None)
        super().route(path, query, header, body, digest)
class ForgetsUpdates(Complete):
    @classmethod
    def prepare(cls):
        class Stubborn(files.Store):
            def put(self, kind, name, body):
                super().put(kind, name, kind == "instance" and body and self.get((kind, name)) or body)
        files.Store = Stubborn
class IgnoresIfMatch(Complete):
    def admit(self, made, uid, body, lineage, header):
        super().admit(made, uid, body, lineage, lambda n, d=None: d if n == "If-Match" else header(n, d))
class DeletesWhatIsNotThere(Complete):
    def mutate(self, uid, body, digest, header):
        try:
            return super().mutate(uid, body, digest, header)
        except Problem as problem:
            if problem.body["code"] != "NOT_FOUND": raise
            answer = {"uid": uid, "op": body["op"], "outcome": "applied"}
            self.store.put("operation", body["op"], {"op": body["op"], "uid": uid, "type": "file", "state": "succeeded",
                           "status": 200, "result": answer, "digest": digest, "owner": body["owner"]})
            return self.operation(body["op"]), False
class KeepsTheDeleted(Complete):
    @classmethod
    def prepare(cls):
        class Sticky(files.Store):
            def put(self, kind, name, body):
                super().put(kind, name, self.get((kind, name)) if body is None else body)
        files.Store = Sticky
class ChangesEtagsAlways(Complete):
    def look(self, path):
        state = super().look(path)
        return state and {**state, "changed": "%x" % os.stat(path).st_mtime_ns}
    def planned(self, wanted):
        return {**super().planned(wanted), "changed": {"$unknown": {}}}
    def plan(self, item):
        plan, made = super().plan(item), self.store.get(("instance", item["uid"]))
        same = made and {**plan["planned"], "changed": made["state"]["changed"]} == made["state"]
        return {**plan, "action": "noop"} if same else plan
class WritesAndThenRefuses(Complete):
    def admit(self, made, uid, body, lineage, header):
        try:
            super().admit(made, uid, body, lineage, header)
        except Problem as problem:
            if made and problem.body["code"] == "VALIDATION_FAILED":
                state = {**made["state"], "digest": "spoiled"}
                self.store.put("instance", uid, {**made, "state": state, "etag": files.etag(state)})
            raise
class MovesInPlace(Complete):
    def admit(self, made, uid, body, lineage, header):
        path = body.get("desired", {}).get("path")
        moved = {**made, "state": {**made["state"], "path": path}} if made and path else made
        super().admit(moved, uid, body, lineage, header)
class LeavesUnknowns(Complete):
    def look(self, path):
        state = super().look(path)
        return state and {**state, "owner": {"$unknown": {"type": "string"}}}
    def planned(self, wanted):
        return {**super().planned(wanted), "owner": {"$unknown": {"type": "string"}}}
class TakesStaleFences(Complete):
    def mutate(self, uid, body, digest, header):
        return super().mutate(uid, body, digest, lambda n, d=None: 1 << 40 if n == "Ved-Fence" else header(n, d))
class TakesWhatIsAnothers(Complete):
    def admit(self, made, uid, body, lineage, header):
        super().admit(made, uid, body, made["owner"]["lineage"] if made else lineage, header)
class LetsOperationsOverlap(Complete):
    def admit(self, made, uid, body, lineage, header):
        busy = [op for op in self.running if self.running[op][0] == uid]
        kept = {op: self.running.pop(op) for op in busy}
        try:
            super().admit(made or (busy and {"owner": body["owner"], "etag": "", "state": {"path": ""}}),
                          uid, body, lineage, header)
        finally:
            self.running.update(kept)

# ---- plans and observations ----

class PlansByDoing(Complete):
    def plan(self, item):
        plan, made = super().plan(item), self.store.get(("instance", item["uid"]))
        if made: self.store.put("instance", item["uid"], {**made, "state": plan["planned"]})
        return plan
class PlansWhatDoesNotCome(Complete):
    def plan(self, item):
        plan = super().plan(item)
        return plan if plan["action"] == "noop" else {**plan, "planned": {**plan["planned"], "mode": "0777"}}
class PlansTheSameForever(Complete):
    def plan(self, item):
        plan = super().plan(item)
        return {**plan, "action": "update" if plan["action"] == "noop" else plan["action"]}
class PlansMovesInPlace(Complete):
    def plan(self, item):
        plan = super().plan(item)
        return {**plan, "action": "update" if plan["action"] == "replace" else plan["action"]}
class FindsEverythingValid(Complete):
    def validate(self, item):
        return {"valid": True}
class ObservesInAnotherOrder(Complete):
    def route(self, path, query, header, body, digest):
        if path == ["v1", "observe"]: body["items"].reverse()
        super().route(path, query, header, body, digest)
class NeverSaysUnchanged(Complete):
    def observe(self, item):
        return super().observe({**item, "etag": None})
class TakesAnyBatch(Complete):
    @classmethod
    def prepare(cls):
        files.BATCH_MAX = 1 << 30

# ---- operations, secrets, events, versions ----

class WaitsPastTheDeadline(Complete):
    def serve(self):
        del self.headers["Prefer"]
        del self.headers["Ved-Deadline-Ms"]
        super().serve()
class ForgetsWhenItBegan(Complete):
    def reply(self, status, body, **headers):
        of_operation = isinstance(body, dict) and "poll_ms" in body
        super().reply(status, {**body, "created_at": None} if of_operation else body, **headers)
class HidesWhatRuns(Complete):
    def route(self, path, query, header, body, digest):
        if path == ["v1", "operations"]: query["state"] = "nothing"
        super().route(path, query, header, body, digest)
class SaysSecrets(Complete):
    said = None
    def mutate(self, uid, body, digest, header):
        self.said = body.get("secrets")
        return super().mutate(uid, body, digest, header)
    def reply(self, status, body, **headers):
        super().reply(status, {**body, "said": self.said} if self.command == "PUT" else body, **headers)
class LogsSecrets(Complete):
    def mutate(self, uid, body, digest, header):
        print("PUT", uid, body, file=sys.stderr, flush=True)
        return super().mutate(uid, body, digest, header)
class TellsNothing(Complete):
    def tell(self, uid):
        pass
class WaitsForEverForEvents(Complete):
    def events(self, query):
        return super().events({**query, "wait": "8"} if "wait" in query else query)
class KnowsEveryCursor(Complete):
    def events(self, query):
        return super().events({**query, "cursor": "0"} if query.get("cursor", "").startswith("lost") else query)
class UpgradesAgainAndAgain(Complete):
    def upgrade(self, body):
        answer = super().upgrade(body)
        return {**answer, "state": {**answer["state"], "id": answer["state"].get("id", "") + "+"}}
class TakesStatesFromTheFuture(Complete):
    later = 1 << 40

def name_of(way):
    return re.sub("(?<=.)([A-Z])", r"-\1", way.__name__).lower()

if __name__ == "__main__":
    ways = {name_of(way): way for way in Complete.__subclasses__()}
    if "--ways" in sys.argv:
        print("\n".join(ways))
        sys.exit()
    config = sys.argv[sys.argv.index("--config") + 1] if "--config" in sys.argv else "{}"
    wrong = json.loads(config).get("wrong")
    plugin = ways[wrong] if wrong else Complete
    plugin.prepare()
    files.main(plugin)
