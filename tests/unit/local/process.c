#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "tests/lib/local/fixture.h"

/* A web server that knows "/" and nothing else. */
static const char server[] =
    "use IO::Socket::INET; $SIG{PIPE} = 'IGNORE';\n"
    "$s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 9,\n"
    "  ReuseAddr => 1) or die $!;\n"
    "while ($c = $s->accept) { $l = <$c>; while (<$c> =~ /[^\\r\\n]/) {}\n"
    "  print $c $l =~ m{ / } ? \"HTTP/1.0 200 OK\\r\\n\\r\\n\"\n"
    "    : \"HTTP/1.0 404 Not Found\\r\\n\\r\\n\"; close $c }\n";

static Fixture fixture;

static void setup(void)
{
    fixture_init(&fixture, NULL);
    cr_assert_eq(
        file_replace(fixture_path(&fixture, "server.pl"), server, strlen(server), 0600, NULL), 0);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(process, .init = setup, .fini = teardown, .timeout = 60);

static int start(const char *desired)
{
    return fixture_reconcile(&fixture, "process", UID_A, desired);
}

static pid_t started(const char *desired)
{
    cr_assert_eq(start(desired), 0, "%s", fixture.problem.detail);
    return (pid_t)fixture_int(&fixture, "pid");
}

static bool lives(pid_t pid)
{
    ProcessStat stat;

    return process_stat_read(pid, &stat) && !process_stat_is_dead(&stat);
}

/* The arguments of the web server with `more` of them; the caller frees it. */
static char *serve(const char *more)
{
    return memory_format("{\"command\":[\"perl\",\"%s/server.pl\"],%s}", fixture.folder, more);
}

/* How many processes have `text` as an argument. */
static int count_running(const char *text)
{
    cleanup(free) char *command = memory_format("pgrep -fc -- '%s$'", text);
    FILE *pipe = popen(command, "r");
    int count = -1;

    cr_assert_eq(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    while (lives(pid))
        monotonic_sleep_ms(10);
}

Test(process, runs_is_found_and_is_removed_with_its_folder)
{
    pid_t pid = started("{\"command\":\"echo hello $GREETING; exec sleep 60\","
                        "\"env\":{\"GREETING\":\"world\"}}");
    cleanup(free) char *log = memory_copy_string(fixture_string(&fixture, "log"));
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(file_read(log, 4096, &text, NULL), 0);
    cr_expect_str_eq(buffer_text(&text), "hello world\n");
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_FOUND);
    cr_expect_eq(fixture_int(&fixture, "pid"), pid);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect_not(lives(pid));
    cr_expect_not(file_exists(fixture_path(&fixture, "process/" UID_A)));
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0, "deleting twice is fine");
}

Test(process, same_arguments_keep_the_process_that_runs)
{
    pid_t pid = started("{\"command\":[\"sleep\",\"60\"]}");

    fixture_restart(&fixture, NULL);
    cr_expect_eq(started("{\"command\":[\"sleep\",\"60\"]}"), pid);
}

Test(process, other_arguments_start_it_again_in_its_place)
{
    cleanup(free) char *first = serve("\"ports\":[0],\"env\":{\"A\":\"1\"}");
    cleanup(free) char *second = serve("\"ports\":[0],\"env\":{\"A\":\"2\"}");
    pid_t pid = started(first);
    int port = (int)fixture_int(&fixture, "port");
    cleanup(free) char *log = memory_copy_string(fixture_string(&fixture, "log"));

    pid_t next = started(second);
    cr_expect_neq(next, pid);
    cr_expect_not(lives(pid));
    cr_expect_eq(fixture_int(&fixture, "port"), port);
    cr_expect_str_eq(fixture_string(&fixture, "log"), log);
    cr_expect_eq(started(second), next, "once");
    cr_expect_eq(count_running("/server.pl"), 1);
}

Test(process, name_and_health_need_no_restart)
{
    pid_t pid = started("{\"command\":[\"sleep\",\"60\"],\"env\":{\"A\":\"1\"}}");

    cr_expect_eq(started("{\"command\":[\"sleep\",\"60\"],\"env\":{\"A\":\"1\"},\"name\":\"x\","
                         "\"health\":{\"tcp\":false},\"stop_timeout_s\":1}"),
                 pid);
}

Test(process, update_that_does_not_come_up_says_that_the_former_is_gone)
{
    pid_t pid = started("{\"command\":[\"sleep\",\"60\"]}");

    cr_expect_eq(start("{\"command\":[\"/no/such/program\"]}"), -1);
    cr_expect_str_eq(fixture.problem.outcome, "partial");
    cr_expect_str_eq(fixture.problem.code, "UNAVAILABLE");
    cr_expect_not(lives(pid));
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    cr_expect_neq(started("{\"command\":[\"sleep\",\"60\"]}"), pid, "and comes back");
}

Test(process, port_that_is_taken_is_refused_before_anything_is_ended)
{
    cleanup(free) char *other = serve("\"ports\":[18233]");
    pid_t pid = started("{\"command\":[\"sleep\",\"60\"]}");

    cr_assert_eq(fixture_reconcile(&fixture, "process", UID_B, other), 0, "%s",
                 fixture.problem.detail);
    cr_expect_eq(start("{\"command\":[\"sleep\",\"60\"],\"ports\":[18233]}"), -1);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect(lives(pid));
    cr_expect_eq(started("{\"command\":[\"sleep\",\"60\"]}"), pid, "it is as it was");
}

Test(process, port_that_is_not_wanted_any_more_is_not_shown)
{
    cleanup(free) char *with = serve("\"ports\":[0]");

    started(with);
    started("{\"command\":[\"sleep\",\"60\"]}");
    cr_expect_eq(fixture_int(&fixture, "port"), -1);
}

Test(process, one_that_stopped_listening_is_found_but_not_ready)
{
    cleanup(free) char *script = memory_format(
        "{\"command\":\"perl %s/server.pl & trap 'kill $!; exec sleep 600' USR1; while :; do wait; "
        "sleep 0.05; done\",\"ports\":[0]}",
        fixture.folder);
    pid_t pid = started(script);
    int port = (int)fixture_int(&fixture, "port");

    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_FOUND);
    cr_expect_not(fixture.reply.not_ready);
    kill(pid, SIGUSR1);
    while (port_accepts("127.0.0.1", port, 100))
        monotonic_sleep_ms(10);
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_FOUND);
    cr_expect(fixture.reply.not_ready);
    cr_expect(strstr(fixture.reply.reason, "does not accept connections") != NULL, "%s",
              fixture.reply.reason);
}

/* A process of nobody's in a group of its own; its number. */
static pid_t run_outside(const char *folder, const char *seconds)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        if (chdir(folder) == 0)
            execlp("sleep", "sleep", seconds, NULL);
        _exit(127);
    }
    while (count_running(seconds) != 1)
        monotonic_sleep_ms(10);
    return pid;
}

static int adopt(const char *uid, pid_t pid, const char *desired)
{
    cleanup(free) char *id = memory_format("%d", (int)pid);

    fixture.adopt = id;
    return fixture_reconcile(&fixture, "process", uid, desired);
}

Test(process, one_that_runs_outside_is_taken_over_as_it_runs)
{
    const char *desired = "{\"command\":[\"sleep\",\"6363\"],\"working_dir\":\"/\"}";
    pid_t pid = run_outside("/", "6363");

    cr_assert_eq(adopt(UID_A, pid, desired), 0, "%s", fixture.problem.detail);
    cr_expect_eq(fixture_int(&fixture, "pid"), pid);
    cr_expect(lives(pid));
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_FOUND);
    cr_expect_eq(started(desired), pid);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect_not(lives(pid));
    waitpid(pid, NULL, 0);
}

Test(process, one_that_runs_otherwise_is_started_again_when_it_is_taken_over)
{
    pid_t pid = run_outside("/", "6464");

    cr_assert_eq(adopt(UID_A, pid, "{\"command\":\"exec sleep 6464\",\"env\":{\"A\":\"1\"}}"), 0,
                 "%s", fixture.problem.detail);
    cr_expect_neq(fixture_int(&fixture, "pid"), pid);
    cr_expect_not(lives(pid));
    waitpid(pid, NULL, 0);
}

Test(process, one_that_another_object_has_changes_hands_and_runs_on)
{
    pid_t pid = started("{\"command\":[\"sleep\",\"6565\"]}");

    cr_assert_eq(adopt(UID_B, pid, "{\"command\":[\"sleep\",\"6565\"]}"), 0, "%s",
                 fixture.problem.detail);
    cr_expect_eq(fixture_int(&fixture, "pid"), pid);
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect(lives(pid));
    cr_expect_eq(fixture_remove(&fixture, "process", UID_B), 0);
    cr_expect_not(lives(pid));
}

Test(process, what_cannot_be_taken_over_is_said_and_left_alone)
{
    const char *desired = "{\"command\":[\"sleep\",\"60\"]}";
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    cr_expect_eq(adopt(UID_A, child, desired), -1);
    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE", "it leads no group");
    cr_expect(lives(child));
    end(child);
    waitpid(child, NULL, 0);
    cr_expect_eq(adopt(UID_A, child, desired), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_FOUND");
    cr_expect_eq(adopt(UID_A, 1, desired), -1);
    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE");
    fixture.adopt = "12x";
    cr_expect_eq(fixture_reconcile(&fixture, "process", UID_A, desired), -1);
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
}

Test(process, unhealthy_one_that_was_to_be_taken_over_runs_on)
{
    pid_t pid = run_outside("/", "6666");

    cr_expect_eq(adopt(UID_A, pid,
                       "{\"command\":[\"sleep\",\"6666\"],\"ports\":[18234],"
                       "\"health\":{\"tcp\":true,\"timeout_s\":1}}"),
                 -1);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect(lives(pid));
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    end(pid);
    waitpid(pid, NULL, 0);
}

Test(process, what_runs_is_looked_up)
{
    pid_t pid = run_outside("/tmp", "6767");
    cleanup(free) char *id = memory_format("%d", (int)pid);

    cr_assert_eq(fixture_lookup(&fixture, "process", id, NULL), 1);
    cleanup(free) char *desired = json_text(fixture.findings[0].desired);
    cr_expect_str_eq(desired, "{\"command\":[\"sleep\",\"6767\"],\"working_dir\":\"/tmp\"}");
    cr_expect_eq(fixture_lookup(&fixture, "process", NULL, "sleep 6767"), 1);
    cr_expect_str_eq(fixture.findings[0].external_id, id);
    cr_expect_eq(fixture_lookup(&fixture, "process", "0", NULL), 0);
    end(pid);
    waitpid(pid, NULL, 0);
}

Test(process, is_started_again_after_it_ended_with_the_port_it_had)
{
    cleanup(free) char *desired = serve("\"ports\":[0]");
    pid_t pid = started(desired);
    int port = (int)fixture_int(&fixture, "port");

    cr_expect(port_accepts("127.0.0.1", port, 1000));
    end(pid);
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    cr_expect(strstr(fixture.reply.reason, "has exited") != NULL, "%s", fixture.reply.reason);
    cr_expect_neq(started(desired), pid);
    cr_expect_eq(fixture_int(&fixture, "port"), port);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect(port_is_free(port));
}

Test(process, is_not_taken_for_ours_after_a_restart_of_the_machine)
{
    cleanup(free) char *boot = memory_copy_string(fixture_path(&fixture, "boot"));
    cleanup(free) char *config = memory_format("{\"boot_id_file\":\"%s\"}", boot);

    cr_assert_eq(file_replace(boot, "first\n", 6, 0600, NULL), 0);
    fixture_restart(&fixture, config);
    pid_t pid = started("{\"command\":[\"sleep\",\"61\"]}");
    cr_assert_eq(file_replace(boot, "second\n", 7, 0600, NULL), 0);
    fixture_restart(&fixture, config);
    cr_expect_eq(fixture_observe(&fixture, "process", UID_A), OBSERVE_ABSENT);
    cr_expect(strstr(fixture.reply.reason, "restarted") != NULL, "%s", fixture.reply.reason);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect(lives(pid), "whoever has the pid in the next boot is left alone");
    end(pid);
}

Test(process, one_that_exits_at_once_fails_with_its_last_words)
{
    cr_expect_eq(start("{\"command\":\"echo cannot find the flux >&2; exit 4\"}"), -1);
    cr_expect_str_eq(fixture.problem.code, "UNAVAILABLE");
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect(strstr(fixture.problem.detail, "cannot find the flux") != NULL, "%s",
              fixture.problem.detail);
    cr_expect_eq(start("{\"command\":[\"sleep\",\"60\"]}"), 0,
                 "what never came up may be asked for differently");
}

Test(process, unhealthy_one_is_ended)
{
    cr_expect_eq(start("{\"command\":[\"sleep\",\"6161\"],\"ports\":[0],\"health\":{\"tcp\":true,"
                       "\"timeout_s\":1}}"),
                 -1);
    cr_expect(strstr(fixture.problem.detail, "not ready within 1 s") != NULL, "%s",
              fixture.problem.detail);
    cr_expect_eq(count_running("sleep 6161"), 0);
}

Test(process, taken_port_is_named)
{
    cleanup(free) char *first = serve("\"ports\":[18231]");

    cr_assert_eq(fixture_reconcile(&fixture, "process", UID_B, first), 0, "%s",
                 fixture.problem.detail);
    cr_expect_eq(start("{\"command\":\"sleep 60\",\"ports\":[\"18231:80\"]}"), -1);
    cr_expect(strstr(fixture.problem.detail, "port 18231") != NULL, "%s", fixture.problem.detail);
    cr_expect(strstr(fixture.problem.detail, "(perl)") != NULL, "%s", fixture.problem.detail);
    cr_expect_not(fixture.problem.retryable, "whoever has it keeps it");
}

Test(process, http_health_asks_the_path)
{
    cleanup(free) char *sick =
        serve("\"ports\":[0],\"health\":{\"http\":\"/none\",\"timeout_s\":1}");
    cleanup(free) char *well = serve("\"ports\":[0],\"health\":{\"http\":\"/\"}");

    cr_expect_eq(start(sick), -1, "404 is not healthy");
    cr_expect_eq(start(well), 0, "%s", fixture.problem.detail);
}

Test(process, one_that_ignores_the_signal_is_killed_after_its_time)
{
    pid_t pid = started("{\"command\":\"trap '' TERM; while :; do sleep 1; done\","
                        "\"stop_timeout_s\":1}");
    int64_t begin = monotonic_now_ms();

    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect_not(lives(pid));
    cr_expect_geq(monotonic_now_ms() - begin, 900);
}

Test(process, what_a_dead_leader_left_behind_is_ended_too)
{
    pid_t pid = started("{\"command\":\"sleep 6262 & wait\"}");

    cr_assert_eq(count_running("sleep 6262"), 1);
    end(pid);
    cr_expect_eq(count_running("sleep 6262"), 1);
    cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    cr_expect_eq(count_running("sleep 6262"), 0);
}

Test(process, one_that_is_just_dying_is_started_again_at_once)
{
    pid_t pid = started("{\"command\":[\"sleep\",\"60\"]}");

    kill(pid, SIGKILL);
    cr_expect_neq(started("{\"command\":[\"sleep\",\"60\"]}"), pid);
}

/* The plugin dies at many moments of starting a process; the next one ends up with exactly one. The
 * number of seconds tells our processes from those of another run of this test. */
Test(process, plugin_killed_at_any_instant_makes_no_second)
{
    int seconds = 1000000 + (int)getpid();
    cleanup(free) char *command = memory_format("sleep %d", seconds);
    cleanup(free) char *arguments = memory_format("{\"command\":[\"sleep\",\"%d\"]}", seconds);

    for (int delay_us = 0; delay_us < 12000; delay_us += 1000) {
        pid_t plugin = fork();
        if (plugin == 0) {
            start(arguments);
            _exit(0);
        }
        usleep((useconds_t)delay_us);
        kill(plugin, SIGKILL);
        waitpid(plugin, NULL, 0);
        fixture.resumed = true;
        pid_t pid = started(arguments);
        monotonic_sleep_ms(20);
        cr_expect(lives(pid));
        cr_expect_eq(count_running(command), 1, "killed after %d us", delay_us);
        cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
        cr_expect_eq(count_running(command), 0);
    }
}

Test(process, plugin_killed_at_any_instant_of_a_restart_leaves_one_as_it_is_to_be)
{
    int seconds = 2000000 + 2 * (int)getpid();
    cleanup(free) char *old = memory_format("sleep %d", seconds);
    cleanup(free) char *new = memory_format("sleep %d", seconds + 1);
    cleanup(free) char *before = memory_format("{\"command\":\"exec %s\"}", old);
    cleanup(free) char *after = memory_format("{\"command\":\"exec %s\"}", new);

    for (int delay_us = 0; delay_us < 12000; delay_us += 1000) {
        started(before);
        pid_t plugin = fork();
        if (plugin == 0) {
            start(after);
            _exit(0);
        }
        usleep((useconds_t)delay_us);
        kill(plugin, SIGKILL);
        waitpid(plugin, NULL, 0);
        started(after);
        monotonic_sleep_ms(20);
        cr_expect_eq(count_running(old), 0, "killed after %d us", delay_us);
        cr_expect_eq(count_running(new), 1, "killed after %d us", delay_us);
        cr_expect_eq(fixture_remove(&fixture, "process", UID_A), 0);
    }
}

Test(process, secret_reaches_the_process_and_no_file_of_ours)
{
    Json *desired = NULL, *secrets = NULL;
    const char *text = "{\"command\":\"test \\\"$KEY\\\" = hunter2 && exec sleep 60\","
                       "\"env\":{\"KEY\":{\"$secret\":\"s1\"}}}";
    const char *clear = "{\"s1\":\"hunter2\"}";
    ProviderReply reply = {0};
    ProviderProblem problem = {0};

    cr_assert_eq(json_parse(text, strlen(text), &desired, NULL), 0);
    cr_assert_eq(json_parse(clear, strlen(clear), &secrets, NULL), 0);
    ProviderRequest request = {
        .op = "o", .type = "process", .uid = UID_A, .desired = desired, .secrets = secrets};
    cr_expect_eq(fixture.provider.reconcile(&fixture.provider, &request, &reply, &problem), 0, "%s",
                 problem.detail);
    cleanup(free) char *grep = memory_format("grep -rqs hunter2 %s", fixture.folder);
    cr_expect_neq(system(grep), 0);
    json_free(desired);
    json_free(secrets);
    json_free(reply.state);
    free(reply.external_id);
}

Test(process, arguments_that_cannot_be_meant_are_pointed_at)
{
    static const struct {
        const char *desired, *pointer;
    } cases[] = {
        {"{}", "/command"},
        {"{\"command\":[]}", "/command"},
        {"{\"command\":\"x\",\"ports\":[70000]}", "/ports"},
        {"{\"command\":\"x\",\"ports\":[\"80x\"]}", "/ports"},
        {"{\"command\":\"x\",\"env\":{\"A=B\":\"1\"}}", "/env"},
        {"{\"command\":\"x\",\"env\":{\"A\":[1]}}", "/env"},
        {"{\"command\":\"x\",\"health\":{\"tcp\":true}}", "/health"},
        {"{\"command\":\"x\",\"ports\":[1],\"health\":{\"http\":\"x\"}}", "/health/http"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(fixture_validate(&fixture, "RunProcess", cases[i].desired), -1, "%s",
                     cases[i].desired);
        cr_expect_str_eq(fixture.problem.pointer, cases[i].pointer);
        cr_expect_str_eq(fixture.problem.code, "VALIDATION_FAILED");
    }
    cr_expect_eq(fixture_validate(&fixture, "RunProcess",
                                  "{\"command\":{\"$unknown\":{\"type\":\"string\"}}}"),
                 0);
    cr_expect_eq(fixture_validate(&fixture, "StartAppContainer", "{}"), 0);
}

Test(process, uid_that_is_a_path_is_refused)
{
    cr_expect_eq(
        fixture_reconcile(&fixture, "process", "../../../tmp/x", "{\"command\":\"sleep 60\"}"), -1);
}
