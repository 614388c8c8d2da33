#!/usr/bin/env node
// check.mjs DOCUMENT PROBLEMS.def: is it a document of OpenAPI 3.1, with the examples and problem
// codes that it should have?
// check.mjs DOCUMENT --answers|--both FILE...: is every exchange in the files as it says? With
// --both, requests as well, and every operation must be there.
// One line "ok ..." or "not ok ..." for each fact.
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fs from 'node:fs';
import YAML from 'yaml';

const METHODS = ['get', 'put', 'post', 'delete'];
const SHOWN_MAX = 12;
const [documentFile, mode, ...files] = process.argv.slice(2);
const document = YAML.parse(fs.readFileSync(documentFile, 'utf8'));
let failed = false;

function fact(name, holds, why = []) {
    process.stdout.write(`${holds ? 'ok' : 'not ok'} ${name}\n`);
    for (const line of holds ? [] : why.slice(0, SHOWN_MAX)) process.stdout.write(`#   ${line}\n`);
    failed ||= !holds;
}

// What is made here says nothing that the document does not: unknown members are mistakes in a test.
function closed(schema) {
    if (Array.isArray(schema)) return schema.map(closed);
    if (schema === null || typeof schema !== 'object') return schema;
    const copy = Object.fromEntries(Object.entries(schema)
        .filter(([key]) => key !== 'example' && key !== 'x-ved-codes')
        .map(([key, value]) => [key, key === 'enum' || key === 'const' ? value : closed(value)]));
    if (copy.properties !== undefined && copy.additionalProperties === undefined && !copy.$ref)
        copy.additionalProperties = false;
    return copy;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'vpp', components: closed(document.components) });
const compiled = new Map();

function faults(schema, value) {
    const key = JSON.stringify(schema);
    if (!compiled.has(key))
        compiled.set(key, ajv.compile(JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/components', '"vpp#/components'))));
    const validate = compiled.get(key);
    return validate(value) ? [] : validate.errors.map((e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
}

function resolve(node) {
    while (node?.$ref !== undefined)
        node = node.$ref.slice(2).split('/').reduce((at, part) => at[part], document);
    return node;
}

// ---- the document ----

function* operations() {
    for (const [route, path] of Object.entries(document.paths))
        for (const method of METHODS)
            if (path[method]) yield { route, method, path, operation: path[method] };
}

function* contents(node, at) {
    if (node === null || typeof node !== 'object') return;
    if (node.content) for (const [type, content] of Object.entries(node.content)) yield [`${at} ${type}`, content];
    for (const [key, value] of Object.entries(node)) yield* contents(value, `${at}/${key}`);
}

async function checkDocument(problemFile) {
    const result = await new Validator().validate(structuredClone(document));
    fact('the document is one of OpenAPI 3.1', result.valid && document.openapi.startsWith('3.1'),
        (result.errors ?? []).map((e) => JSON.stringify(e)));
    const wrong = [];
    let count = 0;
    for (const [at, content] of contents({ paths: document.paths, components: document.components }, ''))
        if (content.example !== undefined) {
            count++;
            wrong.push(...faults(content.schema, content.example).map((f) => `${at}: ${f}`));
        }
    fact('its examples are as it says', wrong.length === 0 && count > 10, wrong);
    const known = [...fs.readFileSync(problemFile, 'utf8').matchAll(/^PROBLEM\((\w+), (\d+)/gm)]
        .map(([, code, status]) => `${code} ${status}`).sort();
    const said = Object.entries(document.components.schemas.Code['x-ved-codes'])
        .map(([code, what]) => `${code} ${what.status}`).sort();
    fact('its problem codes are those of the SDK', JSON.stringify(known) === JSON.stringify(said),
        [`SDK: ${known}`, `document: ${said}`]);
    fact('each of them may be answered',
        JSON.stringify(said.map((s) => s.split(' ')[0])) === JSON.stringify([...document.components.schemas.Code.enum].sort()));
}

// ---- exchanges ----

const routes = [...operations()].map((one) => ({
    ...one,
    key: `${one.method.toUpperCase()} ${one.route}`,
    names: [...one.route.matchAll(/\{(\w+)\}/g)].map((m) => m[1]),
    pattern: new RegExp(`^${one.route.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '([^/]+?)')}$`),
})).sort((a, b) => b.route.length - a.route.length);

function* parameterFaults(route, match, query, headers) {
    const declared = [...(route.path.parameters ?? []), ...(route.operation.parameters ?? [])].map(resolve);
    for (const one of declared) {
        const value = one.in === 'path' ? decodeURIComponent(match[1 + route.names.indexOf(one.name)])
            : one.in === 'query' ? query.get(one.name) : headers[one.name.toLowerCase()];
        if (value === null || value === undefined) {
            if (one.required) yield `${one.in} '${one.name}' is missing`;
        } else {
            for (const fault of faults(one.schema, value)) yield `${one.in} '${one.name}': ${fault}`;
        }
    }
    for (const name of query.keys())
        if (!declared.some((one) => one.in === 'query' && one.name === name)) yield `query '${name}' is not declared`;
    const plain = ['host', 'accept', 'content-type', 'content-length', 'connection', 'user-agent'];
    for (const name of Object.keys(headers))
        if (!plain.includes(name) && !declared.some((one) => one.in === 'header' && one.name.toLowerCase() === name))
            yield `header '${name}' is not declared`;
}

function* bodyFaults(declared, type, text) {
    if (!declared) {
        if (text !== '') yield 'there is a body';
        return;
    }
    const content = declared[(type ?? '').split(';')[0]];
    if (!content) {
        yield `type '${type}' is not declared`;
        return;
    }
    let value;
    try {
        value = JSON.parse(text);
    } catch (error) {
        yield `the body is no JSON: ${error.message}`;
        return;
    }
    yield* faults(content.schema, value);
}

function* answerFaults(route, exchange) {
    const declared = route.operation.responses[exchange.status] ?? (exchange.status >= 400 ? route.operation.responses.default : undefined);
    if (!declared) {
        yield `status ${exchange.status} is not declared`;
        return;
    }
    const answer = resolve(declared);
    for (const [name, header] of Object.entries(answer.headers ?? {})) {
        const value = exchange.answer_headers[name.toLowerCase()], said = resolve(header);
        if (value === undefined && said.required) yield `header '${name}' is missing`;
        if (value !== undefined) for (const fault of faults(said.schema, value)) yield `header '${name}': ${fault}`;
    }
    yield* bodyFaults(answer.content, exchange.answer_headers['content-type'], exchange.answer);
    if (exchange.status >= 400 && JSON.parse(exchange.answer).status !== exchange.status) yield 'the problem has another status';
}

function checkExchange(exchange, both, seen) {
    const [path, query] = exchange.url.split('?');
    const route = routes.find((r) => r.method.toUpperCase() === exchange.method && r.pattern.test(path));
    if (!route) return both ? [`${exchange.method} ${path} is not declared`] : [];
    seen.add(route.key);
    const wrong = [...answerFaults(route, exchange)].map((f) => `answer: ${f}`);
    if (both) {
        wrong.push(...[...parameterFaults(route, route.pattern.exec(path), new URLSearchParams(query), exchange.headers)]);
        const declared = route.operation.requestBody?.content;
        wrong.push(...[...bodyFaults(declared, exchange.headers['content-type'], exchange.body)].map((f) => `request: ${f}`));
    }
    return wrong.map((w) => `${exchange.method} ${exchange.url} ${exchange.status}: ${w}`);
}

function checkExchanges(both) {
    const seen = new Set(), statuses = new Set();
    const exchanges = files.flatMap((f) => fs.readFileSync(f, 'utf8').split('\n').filter((l) => l !== '').map((l) => JSON.parse(l)));
    const wrong = exchanges.flatMap((e) => checkExchange(e, both, seen));
    for (const e of exchanges) statuses.add(e.status);
    const what = both ? 'requests and answers' : 'answers';
    fact(`${what} are as the document says`, wrong.length === 0 && exchanges.length > 0, [`${wrong.length} faults`, ...new Set(wrong)]);
    process.stdout.write(`# ${exchanges.length} exchanges, ${seen.size} of ${routes.length} operations, statuses ${[...statuses].sort().join(' ')}\n`);
    const missing = routes.map((r) => r.key).filter((key) => !seen.has(key));
    if (!both) fact('every operation has been answered', missing.length === 0, missing);
}

if (mode === '--answers' || mode === '--both') checkExchanges(mode === '--both');
else await checkDocument(mode);
process.exit(failed ? 1 : 0);
