import { type SpfContestant, type SpfContestantName, spfContestants } from './spf-contestants.ts';
import { answer } from './process.ts';
import { domainOf, shapes } from './spf-shapes.ts';

/** For so long, or so often. */
export interface EvaluationRequest {
  readonly shape: string;
  /** How many at once, each with a domain of its own. */
  readonly crowd: number;
  readonly milliseconds?: number;
  readonly evaluations?: number;
}

/** Microseconds of the clock for one evaluation. */
export interface EvaluationAnswer {
  readonly microseconds: number;
}

const [name = '', server = ''] = process.argv.slice(2);

async function evaluateAsAsked(
  evaluate: SpfContestant,
  request: EvaluationRequest,
): Promise<EvaluationAnswer> {
  const shape = shapes.find((each) => each.name === request.shape);
  if (shape === undefined) throw new Error(`no shape ${request.shape}`);
  const { crowd, milliseconds = Infinity, evaluations = Infinity } = request;
  const start = performance.now();
  let done = 0;
  const walk = async (slot: number): Promise<void> => {
    while (done < evaluations && performance.now() - start < milliseconds) {
      const result = await evaluate(domainOf(shape, slot));
      if (result !== undefined && result !== shape.result)
        throw new Error(`${name}: ${shape.name} gave ${result}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: crowd }, (_, slot) => walk(slot)));
  return { microseconds: (1000 * (performance.now() - start)) / done };
}

const evaluate = await spfContestants[name as SpfContestantName].start(server);
answer('ready', (request) => evaluateAsAsked(evaluate, request as EvaluationRequest));
