// No formula is a link or has a style of its own, by whichever command: \href, \style, \mmlToken, ...
const bare = (formula) => formula.root.walkTree((node) => {
  for (const name of ["href", "style", "class", "id"]) delete node.attributes?.getAllAttributes()[name];
});
const barely = {bare: [21, (page) => { for (const formula of page.math) bare(formula); }, bare]};
window.MathJax = {...window.MathJax, options: {...window.MathJax?.options, renderActions: barely}};
