/* `match`: patterns of the subject's type, none twice, and over an enum or a bool all of them. */
#include <string.h>

#include "lang/check.h"

typedef struct Match {
    Checker *checker;
    const Expr *subject;
    StaticType type;    /* of the subject; STATIC_ERROR: not known */
    StaticType element; /* without null, if it may be null */
    Map seen;           /* patterns, encoded, to Argument */
    bool other;         /* there is `_` */
    bool null;          /* there is `null` */
    bool valid;         /* every pattern could be read */
} Match;

/* ---- patterns ---- */

static bool may_be_matched(const Match *match)
{
    StaticType type = match->element;

    return type == STATIC_INT || type == STATIC_STRING || type == STATIC_BOOL ||
           type == STATIC_DURATION || type == STATIC_ERROR ||
           type_kind(match->checker->model->types, type) == KIND_ENUM;
}

/* A bare name is a member of the subject's enum, whether or not the enum is visible here. False: it
 * is something else. */
static bool pattern_is_member(const Match *match, Expr *pattern)
{
    Checker *checker = match->checker;
    const TypeTable *types = checker->model->types;
    bool done = pattern->kind == EXPR_ENUM && /* in an earlier round */
                pattern->enumeration.span.start == pattern->constant.span.start;

    if (type_kind(types, match->element) != KIND_ENUM ||
        (!done && (pattern->kind != EXPR_NAME || pattern->from_state)))
        return false;
    const Name name = done ? pattern->constant : (Name){pattern->name, pattern->span};
    int member = type_member(types, match->element, name.text);
    if (member < 0) {
        const Declaration *declaration = map_get(&checker->model->names, name.text) != NULL
                                             ? declaration_find(checker, name.text)
                                             : NULL;
        if (declaration != NULL && declaration->kind == DECLARED_CONSTANT)
            return false;
        report_no_enum_member(checker, name, match->element);
        pattern->static_type = STATIC_ERROR;
        return true;
    }
    pattern->kind = EXPR_ENUM;
    pattern->enumeration = (Name){type_name(types, match->element), name.span};
    pattern->constant = name;
    pattern->static_type = match->element;
    pattern->slot = (uint32_t)member;
    return true;
}

/* The pattern's value; false: reported. */
static bool pattern_value(Match *match, Expr *pattern, Value *ret)
{
    Checker *checker = match->checker;
    const TypeTable *types = checker->model->types;
    StaticType wanted = match->type == STATIC_ERROR ? STATIC_ANY : match->element;

    if (pattern->kind == EXPR_NULL) {
        check_fits(checker, pattern, match->type, "a pattern", match->subject->span);
        match->null = true;
        *ret = value_null();
        return pattern->static_type == STATIC_NULL;
    }
    if (match->type == STATIC_ERROR && pattern->kind == EXPR_NAME)
        return false; /* perhaps a member of what the subject was meant to be */
    if (!pattern_is_member(match, pattern))
        return check_constant(checker, pattern, wanted, "a pattern", (Span){0, 0}, ret);
    if (pattern->static_type == STATIC_ERROR)
        return false;
    *ret = (Value){.type = VALUE_STRING,
                   .string = type_of(types, match->element)->keys[pattern->slot]};
    return true;
}

/* Values differ if their texts do. */
static void value_text(Value value, Buffer *ret)
{
    ret->size = 0;
    value_encode(ret, value);
}

static void check_pattern(Match *match, Argument *pattern)
{
    Checker *checker = match->checker;
    cleanup(buffer_deinit) Buffer text = {0};
    Value value;

    if (pattern->value == NULL || !pattern_value(match, pattern->value, &value)) {
        match->valid = false;
        return;
    }
    value_text(value, &text);
    const Argument *first = map_put(&match->seen, buffer_text(&text), pattern);
    if (first == NULL)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-036", pattern->span,
                                 "this value has an arm already");
    check_note(checker, d, first->span, "it is here");
    d->consequence = "only the first could ever run";
}

/* ---- what is left out ---- */

static bool is_seen(const Match *match, Value value, Buffer *text)
{
    value_text(value, text);
    return map_get(&match->seen, buffer_text(text)) != NULL;
}

static void missing_add(Buffer *names, size_t *count, const char *name)
{
    buffer_add_format(names, "%s%s", (*count)++ > 0 ? ", " : "", name);
}

#define MISSING_SHOWN_MAX 8

/* Names of the members, `true` and `false`, or `null` that no arm has. */
static size_t find_missing(const Match *match, Buffer *names)
{
    const Type *type = type_of(match->checker->model->types, match->element);
    cleanup(buffer_deinit) Buffer text = {0};
    size_t count = 0;

    for (size_t i = 0; i < type->member_count; i++)
        if (!is_seen(match, (Value){.type = VALUE_STRING, .string = type->keys[i]}, &text) &&
            count <= MISSING_SHOWN_MAX)
            missing_add(names, &count, count < MISSING_SHOWN_MAX ? type->members[i].name : "...");
    if (match->element == STATIC_BOOL && !is_seen(match, value_bool(true), &text))
        missing_add(names, &count, "true");
    if (match->element == STATIC_BOOL && !is_seen(match, value_bool(false), &text))
        missing_add(names, &count, "false");
    if (match->type != match->element && !match->null)
        missing_add(names, &count, "null");
    return count;
}

/* Whether all values can be named. */
static bool is_finite(const TypeTable *types, StaticType type)
{
    return type == STATIC_BOOL || type_kind(types, type) == KIND_ENUM;
}

static bool takes_null(const MatchArm *arm)
{
    for (const Argument *pattern = arm->patterns; pattern != NULL; pattern = pattern->next)
        if (pattern->value != NULL && pattern->value->kind == EXPR_NULL)
            return true;
    return false;
}

bool match_is_whole(const TypeTable *types, const Stmt *stmt)
{
    StaticType type = stmt->match.subject != NULL ? stmt->match.subject->static_type : STATIC_ERROR;
    bool optional = type_kind(types, type) == KIND_OPTIONAL, null = false;

    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next) {
        if (arm->patterns == NULL)
            return true;
        null = null || takes_null(arm);
    }
    if (optional)
        type = type_of(types, type)->element;
    return type == STATIC_ERROR || (is_finite(types, type) && (null || !optional));
}

static void check_whole(const Match *match, const Stmt *stmt)
{
    cleanup(buffer_deinit) Buffer names = {0};
    Checker *checker = match->checker;

    if (match->other || !match->valid || match->type == STATIC_ERROR ||
        !is_finite(checker->model->types, match->element) || find_missing(match, &names) == 0)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-036", stmt->match.subject->span,
                                 "this match has no arm for %s", buffer_text(&names));
    d->label =
        arena_format(checker->arena, "this is %s", type_name(checker->model->types, match->type));
    d->remedy = "write the arms that are missing, or `_ => { }` for all others";
}

/* ---- arms ---- */

static void check_arm_patterns(Match *match, const MatchArm *arm)
{
    Checker *checker = match->checker;

    if (match->other)
        check_report(checker, SEVERITY_ERROR, "V-ERR-036", arm->span,
                     "this arm stands after `_`, which takes everything")
            ->remedy = "put `_` last";
    match->null = false;
    for (Argument *pattern = arm->patterns; pattern != NULL; pattern = pattern->next)
        check_pattern(match, pattern);
    match->other = match->other || arm->patterns == NULL;
}

static size_t arm_count(const MatchArm *arms)
{
    size_t count = 0;

    for (; arms != NULL; arms = arms->next)
        count++;
    return count;
}

static void check_arms(Match *match, const Stmt *stmt)
{
    Checker *checker = match->checker;
    size_t mark = narrow_mark(checker), count = 0;
    Branch *branches = arena_array(checker->arena, Branch, arm_count(stmt->match.arms) + 1);
    bool null = false;

    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next) {
        check_arm_patterns(match, arm);
        bool never_null = arm->patterns == NULL ? null : !match->null;
        null = null || match->null;
        if (never_null)
            narrow_subject(checker, match->subject);
        check_block(checker, arm->body);
        branches[count++] = narrow_branch(checker, mark, block_ends(checker, arm->body));
    }
    match->null = null;
    if (!match_is_whole(checker->model->types, stmt))
        count++; /* no arm at all */
    narrow_join(checker, branches, count);
}

static void check_subject(Match *match)
{
    Checker *checker = match->checker;
    const TypeTable *types = checker->model->types;

    if (may_be_matched(match))
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", match->subject->span,
                                 "`match` takes int, string, bool, duration or an enum, found %s",
                                 type_name(types, match->type));
    if (match->type == STATIC_ANY)
        d->remedy = "give it a type first: `let v: string = ...`";
    else if (match->type == STATIC_FLOAT)
        d->remedy = "compare floats with `<` and `>`";
    match->type = STATIC_ERROR;
    match->element = STATIC_ERROR;
}

void check_match(Checker *checker, Stmt *stmt)
{
    const TypeTable *types = checker->model->types;
    Match match = {.checker = checker, .subject = stmt->match.subject, .valid = true};

    if (match.subject == NULL)
        return; /* the parser has said so */
    match.type = check_expr(checker, stmt->match.subject);
    match.element = type_kind(types, match.type) == KIND_OPTIONAL
                        ? type_of(types, match.type)->element
                        : match.type;
    check_subject(&match);
    check_arms(&match, stmt);
    check_whole(&match, stmt);
    map_deinit(&match.seen);
}
