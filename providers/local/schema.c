/* The schema document, written as JSON: the preprocessor makes the string of it. */
#include "local.h"

#define TEXT(...) #__VA_ARGS__

// clang-format off
/* What every process takes and gives, whichever effect starts it. */
#define PROCESS_PROPERTIES TEXT({ \
          "name": {"type": "string", "maxLength": 253, "description": "for people only"}, \
          "command": {"type": ["string", "array"], "x-ved-disruptive": true, "description": "a line for the shell, or the words of a command"}, \
          "env": {"type": "object", "x-ved-disruptive": true}, \
          "ports": {"type": "array", "items": {"type": ["integer", "string"]}, "x-ved-disruptive": true, "description": "8080, \"8080:80\", or 0 for a free one; the first is exported as PORT"}, \
          "working_dir": {"type": "string", "minLength": 1, "x-ved-disruptive": true}, \
          "health": { \
            "type": "object", "additionalProperties": false, \
            "properties": { \
              "http": {"type": "string"}, "tcp": {"type": "boolean"}, \
              "timeout_s": {"type": "integer", "minimum": 1, "maximum": 3600} \
            } \
          }, \
          "stop_timeout_s": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 10} \
        })
#define PROCESS_RESULT_AND_TIMES TEXT({ \
        "type": "object", \
        "properties": { \
          "id": {"type": "string"}, "pid": {"type": "integer"}, "port": {"type": "integer"}, \
          "url": {"type": "string"}, "log": {"type": "string"} \
        } \
      }, \
      "typical_s": 1, "timeout_s": 600)

const char local_schema[] = TEXT({
  "effects": {
    "CreatePostgres": {
      "kind": "instance", "type": "postgres",
      "description": "A PostgreSQL cluster of its own on this machine, with a database and a role that owns it. The password is in the file the url names.",
      "positional": ["name", "version"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": [],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "version": {"type": ["string", "integer"], "x-ved-immutable": true, "x-ved-because": "a cluster's data belong to one major version", "description": "major version; default: the newest installed"},
          "database": {"type": "string", "default": "app", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "whoever uses the database knows it by that"},
          "user": {"type": "string", "default": "app", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "whoever uses the database knows it by that"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "host": {"type": "string"}, "port": {"type": "integer"},
          "database": {"type": "string"}, "user": {"type": "string"}, "url": {"type": "string"}
        }
      },
      "typical_s": 10, "timeout_s": 600
    },
    "StartAppContainer": {
      "kind": "instance", "type": "process",
      "description": "A process that goes on when this program ends; without a command the sample web application.",
      "positional": ["name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": [],
        "properties": )
  PROCESS_PROPERTIES TEXT(
      },
      "result": ) PROCESS_RESULT_AND_TIMES TEXT(
    },
    "RunProcess": {
      "kind": "instance", "type": "process",
      "description": "A process that goes on when this program ends.",
      "positional": ["command", "name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["command"],
        "properties": )
  PROCESS_PROPERTIES TEXT(
      },
      "result": ) PROCESS_RESULT_AND_TIMES TEXT(
    },
    "WriteFile": {
      "kind": "instance", "type": "file",
      "description": "A file with this content.",
      "positional": ["path", "content"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["path", "content"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "path": {"type": "string", "minLength": 1, "maxLength": 4095, "x-ved-immutable": true, "x-ved-because": "what others know by a path would be gone from there"},
          "content": {"type": "string"},
          "mode": {"type": ["string", "integer"], "default": "0644", "description": "octal digits"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "path": {"type": "string"}, "digest": {"type": "string"},
          "size": {"type": "integer"}, "mode": {"type": "string"}
        }
      },
      "typical_s": 1, "timeout_s": 60
    },
    "CreateDirectory": {
      "kind": "instance", "type": "directory",
      "description": "A folder; deleted only when it is empty.",
      "positional": ["path"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["path"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "path": {"type": "string", "minLength": 1, "maxLength": 4095, "x-ved-immutable": true, "x-ved-because": "a folder cannot move without what is in it"},
          "mode": {"type": ["string", "integer"], "default": "0755", "description": "octal digits"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "path": {"type": "string"}, "mode": {"type": "string"}
        }
      },
      "typical_s": 1, "timeout_s": 60
    },
    "HttpRequest": {
      "kind": "action",
      "description": "One HTTP request. Any status is a result; redirects are not followed.",
      "positional": ["url", "method"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["url"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "url": {"type": "string", "minLength": 1, "maxLength": 8192},
          "method": {"type": "string", "default": "GET"},
          "headers": {"type": "object"},
          "body": {"type": "string"},
          "timeout_s": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 30}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "status": {"type": "integer"}, "body": {"type": "string"},
          "body_base64": {"type": "string", "description": "instead of body, when that is no text"},
          "headers": {"type": "object", "description": "by lower-case name"}
        }
      },
      "typical_s": 1, "timeout_s": 3600
    }
  },
  "queries": {
    "file_exists": {
      "positional": ["path"],
      "parameters": {"type": "object", "additionalProperties": false, "required": ["path"],
                     "properties": {"path": {"type": "string", "minLength": 1}}},
      "result": {"type": "boolean"}
    },
    "process_running": {
      "positional": ["name"],
      "parameters": {"type": "object", "additionalProperties": false, "required": [],
                     "properties": {"pid": {"type": "integer", "minimum": 1}, "name": {"type": "string"}}},
      "result": {"type": "boolean"}
    },
    "port_open": {
      "positional": ["port", "host"],
      "parameters": {"type": "object", "additionalProperties": false, "required": ["port"],
                     "properties": {"port": {"type": "integer", "minimum": 1, "maximum": 65535},
                                    "host": {"type": "string", "default": "127.0.0.1"}}},
      "result": {"type": "boolean"}
    }
  },
  "types": {
    "postgres": {"schema_version": 1, "primary_id": "/id", "replace_order": "create_first", "ops": ["create", "read", "update", "delete"]},
    "process": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "update", "delete"]},
    "file": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "update", "delete"]},
    "directory": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "update", "delete"]}
  }
});
// clang-format on
