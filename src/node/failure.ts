/** The first thing that went wrong beyond repair, for whoever runs the node. */
export interface Failure {
  readonly happened: Promise<Error>;
  report(error: Error): void;
}

export function createFailure(): Failure {
  let report: (error: Error) => void = () => {};
  const happened = new Promise<Error>((resolve) => {
    report = resolve;
  });
  return { happened, report };
}
