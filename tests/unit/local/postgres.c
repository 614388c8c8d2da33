#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "providers/local/postgres_tools.h"
#include "tests/lib/local/fixture.h"

static Fixture fixture;

/* The fixture's folder is 0700, so as root these tests need the capability to look into it. */
static void setup(void)
{
    PostgresTools tools;

    if (postgres_tools_find("/usr/lib/postgresql", 0, &tools, NULL) < 0)
        cr_skip_test("PostgreSQL is not installed");
    postgres_tools_deinit(&tools);
    fixture_init(&fixture, NULL);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(postgres, .init = setup, .fini = teardown, .timeout = 180);

static void create(const char *uid)
{
    cr_assert_eq(fixture_reconcile(&fixture, "postgres", uid, "{\"name\":\"main\"}"), 0, "%s",
                 fixture.problem.detail);
}

/* The one line psql prints for a statement; the caller frees it. */
static char *ask(const char *url, const char *statement)
{
    cleanup(free) char *command = memory_format("psql -Xtqw -A '%s' -c '%s' 2>&1", url, statement);
    FILE *pipe = popen(command, "r");
    char line[512] = "";

    if (fgets(line, sizeof line, pipe) == NULL)
        line[0] = '\0';
    pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    return memory_copy_string(line);
}

/* How many processes stand in the data folder of the cluster. */
static int count_servers(void)
{
    cleanup(free) char *command = memory_format(
        "ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -c '%s/postgres/" UID_A "/server/'",
        fixture.folder);
    FILE *pipe = popen(command, "r");
    int count = -1;

    cr_assert_eq(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

static pid_t postmaster(void)
{
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(file_read(fixture_path(&fixture, "postgres/" UID_A "/server/data/postmaster.pid"),
                           4096, &text, NULL),
                 0);
    return (pid_t)atoi(buffer_text(&text));
}

Test(postgres, killed_server_is_repaired_with_its_data_and_its_port)
{
    create(UID_A);
    cleanup(free) char *url = memory_copy_string(fixture_string(&fixture, "url"));
    int port = (int)fixture_int(&fixture, "port");
    cleanup(free) char *who = ask(url, "SELECT current_user || current_database()");
    cr_expect_str_eq(who, "appapp");
    free(ask(url, "CREATE TABLE t AS SELECT 42 AS n"));

    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_A), OBSERVE_FOUND);
    cr_expect_not(fixture.reply.not_ready);
    pid_t server = postmaster();
    ProcessStat stat;
    kill(server, SIGKILL);
    while (process_stat_read(server, &stat) && !process_stat_is_dead(&stat))
        monotonic_sleep_ms(1);
    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_A), OBSERVE_ABSENT);
    cr_expect(strstr(fixture.reply.reason, "its data is kept") != NULL, "%s", fixture.reply.reason);

    fixture_restart(&fixture, NULL);
    create(UID_A);
    cr_expect_str_eq(fixture_string(&fixture, "url"), url);
    cleanup(free) char *kept = ask(url, "SELECT n FROM t");
    cr_expect_str_eq(kept, "42");

    cr_expect_eq(fixture_remove(&fixture, "postgres", UID_A), 0, "%s", fixture.problem.detail);
    cr_expect_eq(count_servers(), 0);
    cr_expect(port_is_free(port));
    cr_expect_not(file_exists(fixture_path(&fixture, "postgres/" UID_A)));
}

Test(postgres, server_that_is_just_dying_is_repaired_at_once)
{
    create(UID_A);
    kill(postmaster(), SIGKILL);
    create(UID_A);
    kill(postmaster(), SIGINT);
    create(UID_A);
    cleanup(free) char *one = ask(fixture_string(&fixture, "url"), "SELECT 1");
    cr_expect_str_eq(one, "1");
}

Test(postgres, running_server_is_known_by_its_own_pid_file_too)
{
    create(UID_A);
    pid_t server = postmaster();
    cr_assert_eq(unlink(fixture_path(&fixture, "postgres/" UID_A "/identity.json")), 0);
    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_A), OBSERVE_FOUND);
    create(UID_A);
    cr_expect_eq(postmaster(), server, "no second server was started");
}

Test(postgres, somebody_else_with_the_pid_of_the_server_is_left_alone)
{
    create(UID_A);
    kill(postmaster(), SIGINT);
    while (count_servers() > 0)
        monotonic_sleep_ms(10);
    cleanup(free) char *stale = memory_format("%d\n", (int)getpid());
    cr_assert_eq(
        file_replace(fixture_path(&fixture, "postgres/" UID_A "/server/data/postmaster.pid"), stale,
                     strlen(stale), 0644, NULL),
        0);
    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_A), OBSERVE_ABSENT);
    create(UID_A);
    cr_expect_neq(postmaster(), getpid());
}

Test(postgres, password_is_in_its_file_and_nowhere_else)
{
    cleanup(buffer_deinit) Buffer text = {0};
    struct stat info;

    create(UID_A);
    const char *passfile = fixture_path(&fixture, "postgres/" UID_A "/pgpass");
    cr_assert_eq(stat(passfile, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    cr_expect_eq(info.st_uid, getuid());
    cr_assert_eq(file_read(passfile, 4096, &text, NULL), 0);
    char *password = strrchr(text.bytes, ':') + 1;
    password[strcspn(password, "\n")] = '\0';
    cr_assert_eq(strlen(password), 32);

    cleanup(free) char *state = json_text(fixture.reply.state);
    cr_expect(strstr(state, password) == NULL);
    cleanup(free) char *grep =
        memory_format("test \"$(grep -rls %s %s)\" = %s", password, fixture.folder, passfile);
    cr_expect_eq(system(grep), 0, "only the password file holds the password");
    cleanup(free) char *trusted = memory_format("postgresql://app@127.0.0.1:%d/app?passfile=/none",
                                                (int)fixture_int(&fixture, "port"));
    cleanup(free) char *refused = ask(trusted, "SELECT 1");
    cr_expect(strstr(refused, "no password supplied") != NULL, "%s", refused);
}

static bool server_has(const char *line)
{
    cleanup(free) char *command =
        memory_format("grep -Pq '%s' /proc/%d/status", line, (int)postmaster());

    return system(command) == 0;
}

/* CAP_DAC_READ_SEARCH is bit 2. */
Test(postgres, server_of_root_runs_as_somebody_else_with_at_most_one_capability)
{
    if (getuid() != 0)
        cr_skip_test("only root can give up being root");
    create(UID_A);
    cr_expect(server_has("^Uid:\\t[1-9]"));
    cr_expect(server_has("^CapEff:\\t0000000000000004$"), "its folder is closed to others");
    cr_expect(server_has("^CapPrm:\\t0000000000000004$"));
    cr_assert_eq(fixture_remove(&fixture, "postgres", UID_A), 0);
    cr_assert_eq(chmod(fixture.folder, 0755), 0);
    create(UID_A);
    cr_expect(server_has("^Uid:\\t[1-9]"));
    cr_expect(server_has("^CapPrm:\\t0000000000000000$"), "its folder is open");
}

Test(postgres, other_arguments_are_refused)
{
    create(UID_A);
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{\"database\":\"shop\"}"), -1);
    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE");
    cr_expect_str_eq(fixture.problem.pointer, "/database");
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{\"version\":\"7\"}"), -1);
    cr_expect_str_eq(fixture.problem.pointer, "/version");
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{\"database\":\"app\"}"), 0);
}

Test(postgres, making_that_was_cut_off_is_begun_again_with_the_same_port)
{
    for (int delay_ms = 30; delay_ms < 1600; delay_ms = delay_ms * 2) {
        pid_t plugin = fork();
        if (plugin == 0) {
            fixture_reconcile(&fixture, "postgres", UID_A, "{}");
            _exit(0);
        }
        monotonic_sleep_ms(delay_ms);
        kill(plugin, SIGKILL);
        waitpid(plugin, NULL, 0);
    }
    fixture.resumed = true;
    create(UID_A);
    cleanup(free) char *url = memory_copy_string(fixture_string(&fixture, "url"));
    cleanup(free) char *one = ask(url, "SELECT 1");
    cr_expect_str_eq(one, "1");
    cleanup(free) char *masters = memory_format(
        "test $(pgrep -fc -- '-D %s/postgres/" UID_A "/server/data$') = 1", fixture.folder);
    cr_expect_eq(system(masters), 0, "exactly one server runs");
    cr_expect_not(file_exists(fixture_path(&fixture, "postgres/" UID_A "/server/making")));
}

Test(postgres, two_clusters_have_ports_of_their_own)
{
    create(UID_A);
    int64_t first = fixture_int(&fixture, "port");
    create(UID_B);
    cr_expect_neq(fixture_int(&fixture, "port"), first);
}

Test(postgres, taken_port_is_said_and_not_changed)
{
    create(UID_A);
    int port = (int)fixture_int(&fixture, "port");
    kill(postmaster(), SIGINT);
    while (!port_is_free(port))
        monotonic_sleep_ms(10);
    cleanup(free) char *squatter = memory_format(
        "{\"command\":\"exec perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalAddr=>"
        "q(127.0.0.1),LocalPort=>%d,Listen=>1,ReuseAddr=>1) or die;sleep 60'\",\"ports\":[%d]}",
        port, port);
    cr_assert_eq(fixture_reconcile(&fixture, "process", UID_B, squatter), 0, "%s",
                 fixture.problem.detail);
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{}"), -1);
    cr_expect(strstr(fixture.problem.detail, "in use by process") != NULL, "%s",
              fixture.problem.detail);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
}

Test(postgres, server_that_cannot_start_says_why)
{
    create(UID_A);
    kill(postmaster(), SIGINT);
    while (count_servers() > 0)
        monotonic_sleep_ms(10);
    cleanup(free) char *spoil = memory_format(
        "echo 'shared_buffers = nonsense' >> %s/postgres/" UID_A "/server/data/postgresql.conf",
        fixture.folder);
    cr_assert_eq(system(spoil), 0);
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{}"), -1);
    cr_expect(strstr(fixture.problem.detail, "nonsense") != NULL, "%s", fixture.problem.detail);
}

Test(postgres_tools, missing_version_names_the_package)
{
    PostgresTools tools;
    Error err = {0};

    cr_expect_lt(postgres_tools_find("/usr/lib/postgresql", 7, &tools, &err), 0);
    cr_expect(strstr(err.message, "postgresql-7") != NULL, "%s", err.message);
    setenv("PATH", "/nowhere", 1);
    cr_expect_lt(postgres_tools_find("/nowhere", 0, &tools, &err), 0);
    cr_expect(strstr(err.message, "Debian package postgresql") != NULL, "%s", err.message);
}

Test(postgres_arguments, names_that_would_break_out_of_a_statement_are_refused)
{
    static const struct {
        const char *desired, *pointer;
    } cases[] = {
        {"{\"database\":\"a\\\"; DROP\"}", "/database"},
        {"{\"database\":\"\"}", "/database"},
        {"{\"database\":\"template1\"}", "/database"},
        {"{\"user\":\"ved_admin\"}", "/user"},
        {"{\"user\":\"pg_read\"}", "/user"},
        {"{\"user\":\"a:b\"}", "/user"},
        {"{\"version\":\"new\"}", "/version"},
    };

    fixture_init(&fixture, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(fixture_validate(&fixture, "CreatePostgres", cases[i].desired), -1, "%s",
                     cases[i].desired);
        cr_expect_str_eq(fixture.problem.pointer, cases[i].pointer);
    }
    cr_expect_eq(fixture_validate(&fixture, "CreatePostgres",
                                  "{\"database\":\"shop-1\",\"user\":\"me_2\",\"version\":15}"),
                 0);
    fixture_deinit(&fixture);
}

Test(postgres, one_that_was_made_here_is_taken_over_with_its_data)
{
    create(UID_B);
    cleanup(free) char *address = memory_copy_string(fixture.reply.external_id);
    int port = (int)fixture_int(&fixture, "port");
    cleanup(free) char *url = memory_copy_string(fixture_string(&fixture, "url"));
    free(ask(url, "CREATE TABLE t AS SELECT 42 AS n"));

    cr_assert_eq(fixture_lookup(&fixture, "postgres", address, NULL), 1);
    cr_expect_str_eq(json_get_string(fixture.findings[0].state, "id", ""), UID_B);
    cr_expect_eq(fixture_lookup(&fixture, "postgres", NULL, "ap"), 1);
    cr_expect_eq(fixture_lookup(&fixture, "postgres", "127.0.0.1:1", NULL), 0);

    fixture.adopt = address;
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_A, "{\"database\":\"other\"}"), -1);
    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE");
    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_B), OBSERVE_FOUND, "nothing happened");

    fixture.adopt = address;
    create(UID_A);
    cr_expect_eq(fixture_int(&fixture, "port"), port);
    cleanup(free) char *kept = ask(fixture_string(&fixture, "url"), "SELECT n FROM t");
    cr_expect_str_eq(kept, "42");
    cr_expect_eq(fixture_observe(&fixture, "postgres", UID_B), OBSERVE_ABSENT);

    fixture.adopt = "127.0.0.1:5432";
    cr_expect_eq(fixture_reconcile(&fixture, "postgres", UID_B, "{}"), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_FOUND");
}
