#include "providers/http/action.h"

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/poll.h"
#include "providers/http/request.h"

static int run(Call *call, const ActionSpec *action, ProviderReply *reply)
{
    cleanup(answer_deinit) Answer answer = {0};
    cleanup(json_free) Json *state = json_new_object();
    Error err;

    if (request_send(call, &action->request, NULL, &answer) < 0)
        return -1;
    if (poll_is_begun(&action->request, &answer)) {
        cleanup(free) char *url = poll_url(call, &action->request, &answer);
        if (url == NULL || poll_until_done(call, &action->request, url, &answer) < 0)
            return -1;
    }
    /* It is done, whatever its answer looks like. */
    if (results_extract(&action->results, answer.document, state, &err) < 0)
        return provider_problem(call->problem, "UPSTREAM", "applied", false, "%s: %.600s",
                                action->request.at, err.message);
    reply->state = take(state);
    return 0;
}

int action_run(Site *site, const ActionSpec *action, const ProviderRequest *request,
               ProviderReply *reply, ProviderProblem *problem)
{
    bool once = !action->request.repeatable && !site->config->idempotent_by_header;
    cleanup(call_deinit) Call call = {0};

    if (request->resumed && once)
        return provider_problem(problem, "UPSTREAM", "unknown", false,
                                "%s was cut off when the plugin ended; whether it arrived is not "
                                "known, and it is not sent again",
                                action->request.at);
    call_begin(&call, site, request, problem);
    Json *filled = parameters_fill(&action->parameters, call.scope);
    json_free(call.scope);
    call.scope = filled;
    return run(&call, action, reply);
}
