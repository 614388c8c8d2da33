/* The schema document, written as JSON: the preprocessor makes the string of it. */
#include "docker.h"

#define TEXT(...) #__VA_ARGS__

// clang-format off
/* What every container takes. */
#define CONTAINER_PROPERTIES TEXT({ \
          "name": {"type": "string", "minLength": 1, "maxLength": 127, "description": "the name in the engine, by which others on its network reach it; default: one made of the object's uid"}, \
          "labels": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "image": {"type": "string", "minLength": 1, "maxLength": 1024, "x-ved-immutable": true, "x-ved-because": "a container runs the image that it was made from"}, \
          "command": {"type": ["string", "array"], "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "a line for the shell, or words"}, \
          "entrypoint": {"type": ["string", "array"], "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "env": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a container keeps the variables that it was made with"}, \
          "ports": {"type": "array", "items": {"type": ["integer", "string"]}, "x-ved-immutable": true, "x-ved-because": "an engine publishes ports only when it makes a container", "description": "\"8080:80\", 8080 for the same on both sides, \"0:80\" for a free one"}, \
          "volumes": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "NAME:/path or /folder:/path, with :ro not to be written"}, \
          "tmpfs": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "/path or /path:size=64m"}, \
          "networks": {"type": "array", "items": {"type": "string"}, "description": "default: the stack's own"}, \
          "aliases": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "other names on its networks"}, \
          "limits": { \
            "type": "object", "additionalProperties": false, \
            "properties": { \
              "memory": {"type": ["integer", "string"]}, "cpus": {"type": ["number", "string"]}, \
              "pids": {"type": "integer", "minimum": 1} \
            } \
          }, \
          "ulimits": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "hostname": {"type": "string", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "what it calls itself; default: its id"}, \
          "user": {"type": "string", "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "working_dir": {"type": "string", "minLength": 1, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "read_only": {"type": "boolean", "default": false, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "init": {"type": "boolean", "default": false, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as", "description": "a small process 1 of the engine's before it"}, \
          "cap_add": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "cap_drop": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"}, \
          "restart": {"type": "string", "default": "no", "description": "no, always, unless-stopped, on-failure or on-failure:N"}, \
          "health": { \
            "type": "object", "additionalProperties": false, \
            "properties": { \
              "command": {"type": ["string", "array"]}, "http": {"type": "string"}, "tcp": {"type": "boolean"}, \
              "interval_s": {"type": "integer", "minimum": 1, "maximum": 3600}, \
              "timeout_s": {"type": "integer", "minimum": 1, "maximum": 3600}, \
              "start_period_s": {"type": "integer", "minimum": 0, "maximum": 3600}, \
              "retries": {"type": "integer", "minimum": 1, "maximum": 1000} \
            } \
          }, \
          "stop_timeout_s": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 10}, \
          "pull": {"type": "string", "enum": ["missing", "always", "never"], "default": "missing"} \
        })

#define CONTAINER_RESULT TEXT({ \
        "type": "object", \
        "properties": { \
          "id": {"type": "string"}, "name": {"type": "string"}, "host": {"type": "string"}, \
          "port": {"type": "integer"}, "url": {"type": "string"}, "ports": {"type": "object"} \
        } \
      }, \
      "typical_s": 2, "timeout_s": 600)

const char docker_schema[] = TEXT({
  "effects": {
    "RunContainer": {
      "kind": "instance", "type": "container",
      "description": "A container that goes on when this program ends.",
      "positional": ["image", "name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["image"],
        "properties": )
  CONTAINER_PROPERTIES TEXT(
      },
      "result": ) CONTAINER_RESULT TEXT(
    },
    "StartAppContainer": {
      "kind": "instance", "type": "container",
      "description": "A container that serves an application; PORT is the first of its ports.",
      "positional": ["name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["image"],
        "properties": )
  CONTAINER_PROPERTIES TEXT(
      },
      "result": ) CONTAINER_RESULT TEXT(
    },
    "CreatePostgres": {
      "kind": "instance", "type": "postgres",
      "description": "A PostgreSQL server in a container, with a database and a role that owns it. Its data are in a volume of its own, which goes with it.",
      "positional": ["name", "version"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": [],
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "whoever uses the database knows it by that", "description": "the name in the engine, by which others on its network reach it; default: one made of the object's uid"},
          "version": {"type": ["string", "integer"], "x-ved-immutable": true, "x-ved-because": "a cluster's data belong to one major version", "description": "the image's tag; default 17"},
          "image": {"type": "string", "minLength": 1, "maxLength": 1024, "x-ved-immutable": true, "x-ved-because": "a container runs the image that it was made from"},
          "database": {"type": "string", "default": "app", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "whoever uses the database knows it by that"},
          "user": {"type": "string", "default": "app", "minLength": 1, "maxLength": 63, "x-ved-immutable": true, "x-ved-because": "whoever uses the database knows it by that"},
          "port": {"type": "integer", "minimum": 0, "maximum": 65535, "x-ved-immutable": true, "x-ved-because": "an engine publishes ports only when it makes a container", "description": "published on 127.0.0.1; 0 for a free one; default: not published"},
          "command": {"type": ["string", "array"], "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"},
          "labels": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"},
          "networks": {"type": "array", "items": {"type": "string"}, "description": "default: the stack's own"},
          "aliases": {"type": "array", "items": {"type": "string"}, "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"},
          "limits": {
            "type": "object", "additionalProperties": false,
            "properties": {
              "memory": {"type": ["integer", "string"]}, "cpus": {"type": ["number", "string"]},
              "pids": {"type": "integer", "minimum": 1}
            }
          },
          "ulimits": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a container is what it was made as"},
          "restart": {"type": "string", "default": "no", "description": "no, always, unless-stopped, on-failure or on-failure:N"},
          "ready_timeout_s": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 120},
          "stop_timeout_s": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 60},
          "pull": {"type": "string", "enum": ["missing", "always", "never"], "default": "missing"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "host": {"type": "string"}, "port": {"type": "integer"},
          "database": {"type": "string"}, "user": {"type": "string"},
          "url": {"type": "string", "x-ved-sensitive": true}, "published_port": {"type": "integer"}
        }
      },
      "typical_s": 10, "timeout_s": 600
    },
    "RunJob": {
      "kind": "action",
      "description": "A container that runs to its end. Another exit code than 0 is a failure.",
      "positional": ["image", "command"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["image"],
        "properties": {
          "name": {"type": "string", "maxLength": 127, "description": "for people only"},
          "image": {"type": "string", "minLength": 1, "maxLength": 1024},
          "command": {"type": ["string", "array"], "description": "a line for the shell, or words"},
          "entrypoint": {"type": ["string", "array"]}, "env": {"type": "object"},
          "volumes": {"type": "array", "items": {"type": "string"}},
          "tmpfs": {"type": "array", "items": {"type": "string"}},
          "networks": {"type": "array", "items": {"type": "string"}},
          "aliases": {"type": "array", "items": {"type": "string"}},
          "limits": {
            "type": "object", "additionalProperties": false,
            "properties": {
              "memory": {"type": ["integer", "string"]}, "cpus": {"type": ["number", "string"]},
              "pids": {"type": "integer", "minimum": 1}
            }
          },
          "ulimits": {"type": "object"}, "user": {"type": "string"},
          "working_dir": {"type": "string", "minLength": 1}, "labels": {"type": "object"},
          "read_only": {"type": "boolean", "default": false}, "init": {"type": "boolean", "default": false},
          "cap_add": {"type": "array", "items": {"type": "string"}},
          "cap_drop": {"type": "array", "items": {"type": "string"}},
          "timeout_s": {"type": "integer", "minimum": 1, "maximum": 86400, "default": 3600},
          "stop_timeout_s": {"type": "integer", "minimum": 0, "maximum": 3600, "default": 10},
          "pull": {"type": "string", "enum": ["missing", "always", "never"], "default": "missing"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "exit_code": {"type": "integer"},
          "output": {"type": "string", "description": "its end, where it is longer than 64 KiB"}
        }
      },
      "typical_s": 5, "timeout_s": 86400
    },
    "PullImage": {
      "kind": "instance", "type": "image",
      "description": "An image from a registry.",
      "positional": ["image"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["image"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "image": {"type": "string", "minLength": 1, "maxLength": 1024, "x-ved-immutable": true, "x-ved-because": "an image under another name is another one"},
          "credentials": {
            "type": "object", "additionalProperties": false,
            "properties": {"user": {"type": "string"}, "password": {"type": "string", "x-ved-sensitive": true}}
          },
          "pull": {"type": "string", "enum": ["missing", "always"], "default": "missing"}
        }
      },
      "result": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "image": {"type": "string"}, "size": {"type": "integer"}}
      },
      "typical_s": 20, "timeout_s": 3600
    },
    "BuildImage": {
      "kind": "instance", "type": "image",
      "description": "An image built from a folder; built again when a file in it has changed.",
      "positional": ["tag", "context"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["tag", "context"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "tag": {"type": "string", "minLength": 1, "maxLength": 1024, "x-ved-immutable": true, "x-ved-because": "an image under another name is another one"},
          "context": {"type": "string", "minLength": 1, "maxLength": 4095},
          "dockerfile": {"type": "string", "default": "Dockerfile", "minLength": 1},
          "target": {"type": "string"}, "arguments": {"type": "object"}, "labels": {"type": "object"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "image": {"type": "string"}, "size": {"type": "integer"}
        }
      },
      "typical_s": 60, "timeout_s": 3600
    },
    "LoadImage": {
      "kind": "instance", "type": "image",
      "description": "An image from an archive that docker or podman save has made.",
      "positional": ["tag", "path"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["tag", "path"],
        "properties": {
          "name": {"type": "string", "maxLength": 253, "description": "for people only"},
          "tag": {"type": "string", "minLength": 1, "maxLength": 1024, "x-ved-immutable": true, "x-ved-because": "an image under another name is another one"},
          "path": {"type": "string", "minLength": 1, "maxLength": 4095}
        }
      },
      "result": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "image": {"type": "string"}, "size": {"type": "integer"}}
      },
      "typical_s": 10, "timeout_s": 3600
    },
    "CreateNetwork": {
      "kind": "instance", "type": "network",
      "description": "A network on which containers reach each other by name.",
      "positional": ["name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": [],
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 127, "x-ved-immutable": true, "x-ved-because": "an engine renames containers only", "description": "the name in the engine; default: one made of the object's uid"},
          "labels": {"type": "object", "x-ved-immutable": true, "x-ved-because": "an engine changes no labels"},
          "driver": {"type": "string", "default": "bridge", "x-ved-immutable": true, "x-ved-because": "a network is what it was made as"},
          "subnet": {"type": "string", "x-ved-immutable": true, "x-ved-because": "a network is what it was made as"},
          "gateway": {"type": "string", "x-ved-immutable": true, "x-ved-because": "a network is what it was made as"},
          "internal": {"type": "boolean", "default": false, "x-ved-immutable": true, "x-ved-because": "a network is what it was made as", "description": "without a way out"},
          "options": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a network is what it was made as"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "name": {"type": "string"}, "driver": {"type": "string"},
          "subnet": {"type": "string"}, "gateway": {"type": "string"}
        }
      },
      "typical_s": 1, "timeout_s": 120
    },
    "CreateVolume": {
      "kind": "instance", "type": "volume",
      "description": "A place for data that outlives containers; its data goes with it.",
      "positional": ["name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": [],
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 127, "x-ved-immutable": true, "x-ved-because": "an engine renames containers only", "description": "the name in the engine; default: one made of the object's uid"},
          "labels": {"type": "object", "x-ved-immutable": true, "x-ved-because": "an engine changes no labels"},
          "driver": {"type": "string", "default": "local", "x-ved-immutable": true, "x-ved-because": "a volume's data lie where it was made"},
          "options": {"type": "object", "x-ved-immutable": true, "x-ved-because": "a volume's data lie where it was made"}
        }
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {"type": "string"}, "name": {"type": "string"}, "driver": {"type": "string"},
          "path": {"type": "string"}
        }
      },
      "typical_s": 1, "timeout_s": 120
    }
  },
  "queries": {},
  "types": {
    "container": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "update", "delete"]},
    "postgres": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "update", "delete"]},
    "image": {"schema_version": 1, "primary_id": "/id", "replace_order": "create_first", "ops": ["create", "read", "update", "delete"]},
    "network": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "delete"]},
    "volume": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first", "ops": ["create", "read", "delete"]}
  }
});
// clang-format on
