/* What slices compute with lists, maps, records, enums, optionals, floats, functions. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/lang/slice_case.h"

static const char *const declarations =
    "enum Color { Red, Green, Blue }\n"
    "record Point { x: int y: int = 7 tags: list<string> = [] }\n"
    "record Node { name: string kids: list<Node> = [] at: Point? = null }\n"
    "const LIMIT = 5\nconst NAMES = [\"a\", \"b\"]\nconst HALF: float = 1\n"
    "fn fact(n: int) -> int { if n <= 1 { return 1 } return n * fact(n - 1) }\n"
    "fn down(n: int) -> int { if n <= 0 { return 0 } return down(n - 1) + 1 }\n"
    "fn half(x: float) -> float { return x / 2 }\n"
    "fn first(l: list<int>) -> int? { if len(l) == 0 { return null } return l[0] }\n"
    "fn grown(n: int) -> list<int> { let l: list<int> = [] for x in range(n) { l = append(l, x) } "
    "return l }\n"
    "fn total(l: list<int>) -> int { let sum = 0 for x in l { sum += x } return sum }\n"
    "fn name_of(c: Color) -> string { match c { Red => { return \"r\" } Green, Blue => { return "
    "\"${c}\" } } }\n";

static void expect_field(const char *body, const char *field, const char *encoded)
{
    SliceCase c;

    slice_case_body(&c, declarations, body);
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s: %s", body, c.result.fault);
    cr_expect_str_eq(slice_case_field(&c, field), encoded, "%s: %s", body,
                     slice_case_field(&c, field));
    slice_case_deinit(&c);
}

static void expect_fault(const char *body, const char *part)
{
    SliceCase c;

    slice_case_body(&c, declarations, body);
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED, "%s: %d", body, c.result.status);
    cr_expect(strstr(c.result.fault, part), "%s: %s", body, c.result.fault);
    slice_case_deinit(&c);
}

/* ---- lists ---- */

Test(vm_value, lists_are_built_joined_and_indexed)
{
    expect_field("l = [1, 2, 3]", "l", "[1,2,3]");
    expect_field("n = 4 l = [n, n + 1]", "l", "[4,5]");
    expect_field("l = [1] l += [2] l = l + l", "l", "[1,2,1,2]");
    expect_field("let x = [[1, 2], [3]] n = x[1][0] * 10 + x[0][1]", "n", "32");
    expect_field("w = NAMES s = w[1]", "s", "\"b\"");
    expect_field("b = [1, 2] == [1, 2] && [1] != [2] && [[1]] == [[1]]", "b", "true");
}

Test(vm_value, an_index_out_of_range_is_a_fault)
{
    expect_fault("l = [1, 2] n = l[2]", "index 2 is out of range: the list has 2 entries, 0 to 1");
    expect_fault("l = [1] n = l[-1]", "index -1 is out of range");
    expect_fault("n = l[0]", "index 0 is out of range: the list is empty");
    expect_fault("l[0] = 1", "index 0 is out of range: the list is empty");
}

Test(vm_value, parts_are_assigned_and_nothing_else_changes)
{
    expect_field("l = [1, 2, 3] l[1] = 9", "l", "[1,9,3]");
    expect_field("l = [1, 2, 3] l[0] += 4 l[2] *= 2", "l", "[5,2,6]");
    expect_field("l = [1] let k = l k[0] = 2 l = l + k", "l", "[1,2]");
    expect_field("let x = [[1], [2]] x[1][0] = 5 l = x[0] + x[1]", "l", "[1,5]");
    expect_field("l = [0, 0] let k = 0 l[k] = 1 k += 1 l[k] = 2", "l", "[1,2]");
}

/* What a variable holds for itself is changed in place, and what anybody else holds is not. */
Test(vm_value, what_is_held_elsewhere_does_not_change)
{
    expect_field("l = append(l, 1) let k = l l = append(l, 2) n = len(k) * 10 + len(l)", "n", "12");
    expect_field("l = append(l, 1) let k = [l] l[0] = 5 n = k[0][0]", "n", "1");
    expect_field("l = append(l, 1) l = append(l, 2) let k = l l[0] = 7 n = k[0] * 10 + l[0]", "n",
                 "17");
    expect_field("l = append(l, 1) for x in l { l = append(l, x + 1) } n = len(l)", "n", "2");
    expect_field("i[\"a\"] = 1 let k = i i[\"b\"] = 2 i[\"a\"] = 3 n = len(k) * 10 + k[\"a\"]", "n",
                 "11");
    expect_field("l = append(l, 4) n = total(l) l = append(l, 5) m = total(l)", "m", "9");
    expect_field(
        "let x = [[1]] let y = x[0] for k in [1, 2] { x[0][0] += 1 x[0] += [k] let z = x[0] "
        "y = z } x[0][0] = 100 n = y[0] * 10 + len(y)",
        "n", "33");
    expect_field("let q = Point(x: 1) q.x = 2 let r = q q.x = 3 n = r.x * 10 + q.x", "n", "23");
    expect_field("l = [1] l += l l += l n = len(l)", "n", "4");
    expect_field("let k = grown(3) let j = grown(4) n = len(k) * 10 + len(j) m = k[0]", "n", "34");
    expect_field(
        "let k = [0] for x in [1, 2] { let j = k j = append(j, x) k[0] = len(j) } n = k[0]", "n",
        "2");
}

Test(vm_value, a_list_grows_in_the_time_of_its_length)
{
    expect_field("for x in range(200000) { l = append(l, x) } n = len(l) l = []", "n", "200000");
    expect_field("for x in range(200000) { l += [x] } n = len(l) l = []", "n", "200000");
    expect_field("for x in range(20000) { i[\"${x}\"] = x } n = len(i) i = {}", "n", "20000");
    expect_field("l = range(10000) for x in range(10000) { l[x] = l[x] * 2 } n = l[9999]", "n",
                 "19998");
}

/* ---- maps ---- */

Test(vm_value, maps_keep_the_order_of_their_keys)
{
    expect_field("i = {b: 2, a: 1, \"c d\": 3}", "i", "{\"a\":1,\"b\":2,\"c d\":3}");
    expect_field("i[\"b\"] = 2 i[\"a\"] = 1 i[\"c\"] = 3 i[\"b\"] = 4", "i",
                 "{\"a\":1,\"b\":4,\"c\":3}");
    expect_field("s = \"k\" n = 3 i = {\"${s}1\": n, \"${s}0\": n + 1}", "i",
                 "{\"k0\":4,\"k1\":3}");
    expect_field("i = {a: 1} i[\"a\"] += 5 n = i[\"a\"]", "n", "6");
    expect_field("b = {a: 1, b: 2} == {b: 2, a: 1} && {a: 1} != {a: 2}", "b", "true");
    expect_field("for k, v in ({z: 1, a: 2}) { s += k n = n * 10 + v }", "s", "\"az\"");
    expect_field("for k in ({z: 1, a: 2}) { s += k }", "s", "\"az\"");
}

Test(vm_value, a_key_that_is_not_there_is_a_fault)
{
    expect_fault("i = {a: 1, b: 2} n = i[\"c\"]", "there is no key \"c\"; there are a, b");
    expect_fault("n = i[\"c\"]", "there is no key \"c\"; there are none");
    expect_fault("i[\"c\"] += 1", "there is no key \"c\"");
}

/* ---- records ---- */

Test(vm_value, records_have_their_defaults_and_members)
{
    expect_field("let q = Point(x: 3) n = q.x * 10 + q.y m = len(q.tags)", "n", "37");
    expect_field("let q = Point(y: 1, x: 2) q.x += 5 q.tags = [\"t\"] s = \"${q}\"", "s",
                 "\"{\\\"x\\\":7,\\\"y\\\":1,\\\"tags\\\":[\\\"t\\\"]}\"");
    expect_field("let q = Point(x: 1) let r = q r.x = 2 b = q != r && q == Point(x: 1, y: 7)", "b",
                 "true");
    expect_field("let t = Node(name: \"a\", kids: [Node(name: \"b\")]) t.kids[0].name = \"c\"\n"
                 "t.kids = t.kids + [t] s = t.kids[1].kids[0].name",
                 "s", "\"c\"");
    expect_field(
        "let t = Node(name: \"a\", at: Point(x: 4)) let p2 = t.at if p2 != null { n = p2.x }", "n",
        "4");
}

/* ---- enums and match ---- */

Test(vm_value, match_takes_the_first_arm_that_fits)
{
    expect_field("let c = Color::Green match c { Red => { n = 1 } Green => { n = 2 } _ => { n = 3 "
                 "} }",
                 "n", "2");
    expect_field("n = 3 match n { 1 => { m = 1 } 2, 3 => { m = 2 } _ => { m = 3 } }", "m", "2");
    expect_field("match s { \"a\" => { n = 1 } \"\" => { n = 2 } _ => { n = 3 } }", "n", "2");
    expect_field("match n { 1 => { m = 1 } _ => { m = 9 } }", "m", "9");
    expect_field("match b { true => { n = 1 } false => { n = 2 } }", "n", "2");
    expect_field("match o { null => { n = 1 } 4 => { n = 2 } _ => { n = 3 } }", "n", "1");
    expect_field("o = first([4]) match o { null => { n = 1 } 4 => { n = 2 } _ => { n = 3 } }", "n",
                 "2");
    expect_field("match 90s { 1m => { n = 1 } 90s => { n = 2 } _ => { n = 3 } }", "n", "2");
    expect_field("n = LIMIT match n { LIMIT => { m = 1 } _ => { m = 2 } }", "m", "1");
    expect_field("s = name_of(Color::Blue) + name_of(Color::Red)", "s", "\"Bluer\"");
}

/* ---- optionals ---- */

Test(vm_value, what_may_be_null_is_asked_first)
{
    expect_field("if o == null { n = 1 } else { n = o }", "n", "1");
    expect_field("o = first([5]) if o != null && o > 4 { n = o }", "n", "5");
    expect_field("n = value_or(o, 3) o = 4 n = n * 10 + value_or(o, 3)", "n", "34");
    expect_field("o = first([]) n = value_or(o, -1)", "n", "-1");
    expect_field("o = first([8, 9])", "o", "8");
}

/* ---- floats ---- */

Test(vm_value, floats_are_computed_and_take_int_literals)
{
    expect_field("f = 1 f += 0.5 f = f * 3 - 1", "f", "3.5");
    expect_field("f = half(3)", "f", "1.5");
    expect_field("f = HALF / 4", "f", "0.25");
    expect_field("f = -1 b = f < 0 && f == -1", "b", "true");
    expect_field("let x: list<float> = [1, 2.5] f = x[0] + x[1]", "f", "3.5");
    expect_field("n = 3 f = float(n) / 2 m = int(f)", "m", "1");
    expect_field("f = -0.0 s = \"${f}\"", "s", "\"-0.0\"");
}

Test(vm_value, floats_that_are_no_numbers_are_faults)
{
    expect_fault("f = 1.0e308 f = f * 10", "float overflow in *");
    expect_fault("f = 1.0 / f", "division by zero: 1.0 / 0.0");
    expect_fault("f = 1.0e30 n = int(f)", "int: expected a number that fits 64 bits");
    expect_fault("n = 9007199254740993 f = n", "expected float, found int 9007199254740993");
}

/* ---- functions ---- */

Test(vm_value, functions_compute_and_call_themselves)
{
    expect_field("n = fact(10)", "n", "3628800");
    expect_field("n = total([1, 2, 3]) + total([])", "n", "6");
    expect_field("n = down(99)", "n", "99");
    expect_field("n = fact(fact(3))", "n", "720");
    expect_field("n = 2 m = fact(n + 1) * fact(n)", "m", "12");
}

Test(vm_value, calls_have_a_depth_and_cost_fuel)
{
    expect_fault("n = down(100)", "calls go more than 100 deep");
    expect_fault("n = down(-1) while true { n = down(50) }",
                 "the slice is not done after 10000000 instructions");
    expect_fault("n = fact(30)", "integer overflow in *");
}

/* ---- loops ---- */

Test(vm_value, for_goes_through_what_was_there_at_its_start)
{
    expect_field("l = [1, 2] for x in l { l += [x * 10] }", "l", "[1,2,10,20]");
    expect_field("for x in range(3) { for y in range(x) { n += 1 m = m * 10 + y } }", "m", "1");
    expect_field("for x in range(2, 5) { n = n * 10 + x }", "n", "234");
    expect_field("for x in [[1], [2, 3]] { n += len(x) }", "n", "3");
    expect_field("for x in range(-1) { n += 1 }", "n", "0");
    expect_fault("for x in range(1000) { for y in range(10000) { n += 1 } }",
                 "the slice is not done after 10000000 instructions");
}

/* ---- secrets ---- */

Test(vm_value, a_secret_stays_one)
{
    expect_field("p = \"x\" p = p + \"y\"", "p", "{\"$secret\":\"xy\"}");
    expect_field("p = \"x\" p = \"a${p}b\"", "p", "{\"$secret\":\"axb\"}");
    expect_field("p = \"x\" b = p == \"x\"", "b", "true");
    expect_field("p = \"x\" b = p != \"y\" p = string(p)", "p", "{\"$secret\":\"x\"}");
    expect_fault("p = \"x\" a = p fail a", "(sensitive)");
}

Test(vm_value, a_secret_is_in_no_log)
{
    SliceCase c;

    slice_case_body(&c, "", "p = \"x\" emit Log(p) emit Log(\"it is ${p}\")");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    for (size_t i = 0; i < 2; i++)
        cr_expect_str_eq(slice_case_encoded(&c, c.result.outputs[i].arguments[0].value),
                         "\"(sensitive)\"");
    slice_case_deinit(&c);
}

/* ---- built-in functions ---- */

Test(vm_value, built_in_functions_on_lists_and_maps)
{
    expect_field("n = len(\"h\\u{e9}\\u{1f600}\") * 100 + len([1, 2]) * 10 + len({a: 1})", "n",
                 "321");
    expect_field("i = {a: 1} b = has(i, \"a\") && !has(i, \"b\")", "b", "true");
    expect_field("w = keys({b: 1, a: 2})", "w", "[\"a\",\"b\"]");
    expect_field("l = values({b: 1, a: 2})", "l", "[2,1]");
    expect_field("b = contains([1, 2], 2) && !contains([1], 2) && contains(\"abc\", \"bc\")", "b",
                 "true");
    expect_field("l = append([1], 2) l = append(l, 3)", "l", "[1,2,3]");
    expect_field("l = remove([1, 2, 3], 1)", "l", "[1,3]");
    expect_field("i = remove({a: 1, b: 2}, \"a\") i = remove(i, \"z\")", "i", "{\"b\":2}");
    expect_field("l = part([1, 2, 3, 4], 1, 3)", "l", "[2,3]");
    expect_field("l = part([1], 1, 1)", "l", "[]");
    expect_fault("l = part([1], 0, 2)", "0 to 2 is out of range: the list has 1 entries");
    expect_fault("l = remove([1], 1)", "remove: index 1 is out of range");
    expect_fault("l = range(1000001)", "a list would have more than 1000000 entries");
}

Test(vm_value, built_in_functions_on_numbers)
{
    expect_field("n = min(3, -2) * 100 + max(3, 4) * 10 + abs(-5)", "n", "-155");
    expect_field("f = max(1.5, 2) + abs(-0.5)", "f", "2.5");
    expect_field("n = int(\"-42\") + int(2.9) + int(-2.9)", "n", "-42");
    expect_field("f = float(\"1.5e1\") + float(1)", "f", "{\"$float\":\"16.0\"}");
    expect_fault("n = int(\"4x\")", "int: expected an integer of 64 bits, found \"4x\"");
    expect_fault("n = int(\"9223372036854775808\")", "int: expected an integer of 64 bits");
    expect_fault("f = float(\"inf\")", "float: expected a number, found \"inf\"");
    expect_fault("n = -9223372036854775807 - 1 n = abs(n)", "integer overflow in abs");
}

Test(vm_value, built_in_functions_on_texts)
{
    expect_field("s = upper(\"a\\u{e9}z\") + lower(\"ABC\") + trim(\"  x y\\n\")", "s",
                 "\"A\xc3\xa9Zabcx y\"");
    expect_field("w = split(\"a,b,,c\", \",\")", "w", "[\"a\",\"b\",\"\",\"c\"]");
    expect_field("w = split(\"a,b\", \",\") + split(\"\", \",\") + split(\"\\u{e9}b\", \"\")", "w",
                 "[\"a\",\"b\",\"\",\"\xc3\xa9\",\"b\"]");
    expect_field("w = split(\"a,\", \",\")", "w", "[\"a\",\"\"]");
    expect_field("s = join([\"a\", \"b\"], \"-\") + join([], \"-\")", "s", "\"a-b\"");
    expect_field("s = replace(\"banana\", \"an\", \"<>\")", "s", "\"b<><>a\"");
    expect_field("b = starts_with(\"abc\", \"ab\") && ends_with(\"abc\", \"bc\") && "
                 "!ends_with(\"c\", \"bc\")",
                 "b", "true");
    expect_field("s = part(\"h\\u{e9}llo\", 1, 3)", "s", "\"\xc3\xa9l\"");
    expect_field("s = string(12) + string(true) + string([1]) + string(90s)", "s",
                 "\"12true[1]90s\"");
    expect_fault("s = replace(\"a\", \"\", \"b\")", "replace asks for a text to look for");
    expect_fault("s = part(\"ab\", 1, 3)", "1 to 3 is out of range: the string has 2 characters");
}

/* ---- any ---- */

Test(vm_value, any_is_looked_into_at_run_time)
{
    expect_field("a = [1, {k: \"v\"}] s = a[1].k", "s", "\"v\"");
    expect_field("a = {k: [5]} n = a[\"k\"][0]", "n", "5");
    expect_field("a = [1, 2] for x in a { n += x }", "n", "3");
    expect_field("a = 3 f = a", "f", "{\"$float\":\"3.0\"}");
    expect_field("a = [1, 2] l = a l[0] = 7", "l", "[7,2]");
    expect_fault("a = 3 n = a[0]", "[ ] asks for a list or a map, found int 3");
    expect_fault("a = [1] n = a[\"x\"]", "a list is indexed with an int, found string \"x\"");
    expect_fault("a = [1, \"x\"] l = a", "expected list<int>, found list");
    expect_fault("a = 5 for x in a { n += 1 }", "goes through a list or a map, found int 5");
    expect_fault("a = 5 n = len(a)", "len asks for a string, a list or a map, found int 5");
}

/* ---- ceilings ---- */

Test(vm_value, values_are_nested_to_a_depth)
{
    expect_field("a = 1 for x in range(64) { a = [a] } n = len(a)", "n", "1");
    expect_fault("a = 1 for x in range(65) { a = [a] }",
                 "a value would be nested more than 64 deep");
    expect_fault("a = 1 for x in range(65) { a = {k: a} }", "nested more than 64 deep");
    expect_fault(
        "let t = Node(name: \"x\") for x in range(40) { t = Node(name: \"y\", kids: [t]) }",
        "nested more than 64 deep");
}

Test(vm_value, the_state_has_a_size)
{
    SliceCase c;
    const char *grow = "let t = \"0123456789abcdef\" for x in range(15) { t = t + t }\n";
    char *body = memory_format("%s w = [t]", grow);

    slice_case_body(&c, "", body);
    cr_expect_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    slice_case_deinit(&c);
    free(body);
    body = memory_format("%s w = [t, t]", grow);
    expect_fault(body, "the state would have");
    free(body);
}

Test(vm_value, a_message_has_a_size)
{
    const char *grow = "let t = \"0123456789abcdef\" for x in range(14) { t = t + t }\n";
    char *body = memory_format("%s emit Broadcast(Event::E(x: t))", grow);

    expect_fault(body, "the event would have 262160 bytes, more than 262144");
    free(body);
}
