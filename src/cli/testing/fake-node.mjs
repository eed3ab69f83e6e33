// Stands in for dist/cli/main.js in the test of child processes: waits to be told to stop, and then says its arguments.
// In this order: whoever reads the line may send the signal at once.
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ level: 'info', msg: 'stopped in order' }));
  process.exit(0);
});
process.stdin.on('end', () => process.exit(3)).resume();
console.log(
  JSON.stringify({
    level: 'info',
    msg: `started with ${process.argv.slice(2).join(' ')}`,
    port: process.env.POL_PORT,
    level2: process.env.POL_THREADS,
  }),
);
