// Node's own import(), for a test: in TypeScript that is loaded as CommonJS `import()` is a require(), which knows no data: address.
module.exports = (specifier) => import(specifier)
