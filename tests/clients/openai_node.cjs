// One question to the gateway by the SDK of OpenAI for Node, streamed, with a function that it may call: the answer.
const OpenAI = require("openai");

const [surface, model, prompt, note] = process.argv.slice(2);
const client = new OpenAI(); // address and key: OPENAI_BASE_URL, OPENAI_API_KEY
const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const read_note = { name: "read_note", parameters };

async function chat() {
  const tools = [{ type: "function", function: { ...read_note, parse: JSON.parse, function: () => note } }];
  const messages = [{ role: "user", content: prompt }];
  return client.chat.completions.runTools({ model, messages, tools, stream: true }).finalContent();
}

async function responses() {
  const tools = [{ type: "function", ...read_note, strict: false }];
  const input = [{ role: "user", content: prompt }];
  for (;;) {
    const response = await client.responses.stream({ model, input, tools, store: false }).finalResponse();
    const calls = response.output.filter((item) => item.type === "function_call");
    if (!calls.length) return response.output_text;
    input.push(...calls, ...calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: note })));
  }
}

({ chat, responses })[surface]().then((answer) => process.stdout.write(answer));
