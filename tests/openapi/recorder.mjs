#!/usr/bin/env node
// A plugin that stands before another one and writes down what is said: started like any plugin, it
// starts the program that VED_RECORDED names, and passes every request on. One line of JSON for each
// exchange goes into the file that VED_EXCHANGES names.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
    options: {
        listen: { type: 'string' },
        tls: { type: 'string' },
        data: { type: 'string' },
        config: { type: 'string', default: '{}' },
        schema: { type: 'boolean', default: false },
    },
});
const program = process.env.VED_RECORDED;
const exchanges = process.env.VED_EXCHANGES;
if (program === undefined || exchanges === undefined) {
    process.stderr.write('recorder: VED_RECORDED names no plugin, or VED_EXCHANGES no file\n');
    process.exit(64);
}
if (values.schema) {
    const asked = spawn(program, ['--schema', '--config', values.config], { stdio: 'inherit' });
    asked.on('exit', (code) => process.exit(code ?? 1));
} else {
    record();
}

// The plugin behind knows its one client by a token: the client's certificate stays here.
function record() {
    const token = randomBytes(24).toString('hex');
    const tokenFile = path.join(values.data, 'token');
    fs.mkdirSync(values.data, { recursive: true, mode: 0o700 });
    fs.writeFileSync(tokenFile, token, { mode: 0o600 });
    const behind = spawn(
        program,
        ['--listen', '127.0.0.1:0', '--tls', values.tls, '--data', values.data, '--config', values.config,
            '--token-file', tokenFile],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    behind.on('exit', (code) => process.exit(code ?? 1));
    process.stdin.on('end', () => behind.stdin.end());
    process.stdin.resume();
    process.on('SIGTERM', () => behind.kill('SIGTERM'));
    readline.createInterface({ input: behind.stdout }).once('line', (line) => serve(new URL(line), token));
}

function serve(target, token) {
    const file = (name) => fs.readFileSync(path.join(values.tls, name));
    const tls = { cert: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt'), minVersion: 'TLSv1.3' };
    const agent = new https.Agent({ keepAlive: true, ca: tls.ca });
    const log = fs.openSync(exchanges, 'a', 0o600);
    const server = https.createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (request, response) => {
        pass(request, response, { target, token, agent, log });
    });
    const [host, port] = [values.listen.replace(/:[0-9]+$/, ''), Number(values.listen.replace(/.*:/, ''))];
    server.listen(port, host, () => process.stdout.write(`https://${host}:${server.address().port}\n`));
}

async function bytesOf(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
}

async function pass(request, response, { target, token, agent, log }) {
    const body = await bytesOf(request);
    const headers = { ...request.headers, authorization: `Bearer ${token}`, host: target.host };
    const onward = https.request(
        { agent, host: target.hostname, port: target.port, method: request.method, path: request.url, headers },
        async (answer) => {
            const answered = await bytesOf(answer);
            fs.writeSync(log, JSON.stringify({
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: body.toString(),
                status: answer.statusCode,
                answer_headers: answer.headers,
                answer: answered.toString(),
            }) + '\n');
            response.writeHead(answer.statusCode, answer.headers);
            response.end(answered);
        });
    onward.on('error', () => response.destroy());
    onward.end(body);
}
