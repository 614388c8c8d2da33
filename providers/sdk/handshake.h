/* What a plugin says of itself before anything else: GET /.well-known/ved-provider. */
#ifndef VED_SDK_HANDSHAKE_H
#define VED_SDK_HANDSHAKE_H

#include "providers/sdk/engine.h"

/* The document; the caller owns it. */
Json *handshake_json(const EngineOptions *options, bool takes_tokens);

/* The protocol versions spoken here, an array the caller owns. */
Json *handshake_versions(void);

#endif
