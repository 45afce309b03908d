// Microsoft's parser: what it finds in queries, and what they use. stdin: {tables, queries}; stdout: an analysis of each.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const folder = path.join(process.argv[2], "node_modules/@kusto/language-service-next");
// Made for browsers: both files define globals.
for (const name of ["bridge.min.js", "Kusto.Language.Bridge.min.js"])
  vm.runInThisContext(fs.readFileSync(path.join(folder, name), "utf8"), { filename: name });
const { GlobalState, KustoCode, Symbols, Syntax } = Kusto.Language;

const { tables, queries } = JSON.parse(fs.readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
  return Symbols.TableSymbol.From(`(${schema.join(", ")})`).WithName(name);
});
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", symbols));

const is = (node, kind) => Bridge.is(node, Syntax[kind]);
const literal = (node) => (is(node, "LiteralExpression") ? node.LiteralValue : undefined);

function nodesOf(root) {
  const nodes = [];
  Syntax.SyntaxElement.WalkNodes(root, (node) => nodes.push(node));
  return nodes;
}

// The path in the log's line that an expression stands for: "" is the line, "tokens.input" a field, "attempts[]" an
// element of a list. undefined: it is none.
function pathOf(node, names) {
  if (is(node, "ParenthesizedExpression")) return pathOf(node.Expression, names);
  if (is(node, "NameReference")) return names.get(node.SimpleName);
  if (is(node, "FunctionCallExpression") && node.Name.SimpleName === "parse_json") return "";
  if (!is(node, "PathExpression") && !is(node, "ElementExpression")) return undefined;
  const parent = pathOf(node.Expression, names);
  if (parent === undefined) return undefined;
  const field = is(node, "PathExpression") ? node.Selector.SimpleName : literal(node.Selector.Expression);
  return parent ? `${parent}.${field}` : field;
}

function analyze(text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const nodes = nodesOf(code.Syntax);
  const names = new Map();
  for (const node of nodes) {
    if (!is(node, "SimpleNamedExpression")) continue;
    const found = pathOf(node.Expression, names);
    if (found !== undefined) names.set(node.Name.SimpleName, is(node.Parent, "MvExpandExpression") ? `${found}[]` : found);
  }
  const isPath = (node) => is(node, "PathExpression") || is(node, "ElementExpression");
  const paths = nodes.filter((node) => isPath(node) && !(isPath(node.Parent) && node.Parent.Expression === node));
  const events = [];
  for (const node of nodes) {
    if (is(node, "BinaryExpression") && pathOf(node.Left, names) === "event") events.push(literal(node.Right));
    if (is(node, "InExpression") && pathOf(node.Left, names) === "event")
      for (const value of nodesOf(node.Right)) if (is(value, "LiteralExpression")) events.push(literal(value));
  }
  const columns = code.ResultType && code.ResultType.Columns ? Bridge.toArray(code.ResultType.Columns) : [];
  return {
    mistakes: Bridge.toArray(code.GetDiagnostics()).map((found) => found.Message),
    fields: paths.map((node) => pathOf(node, names) ?? `?${node.toString().trim()}`),
    events,
    columns: Object.fromEntries(columns.map((column) => [column.Name, column.Type.Name])),
  };
}

const analyses = Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, analyze(text)]));
process.stdout.write(JSON.stringify(analyses));
