/** JSON that folds. */
import { useSignal } from '@preact/signals';
import { isNumber, isObject, type Json } from '../model/json.ts';

const PAGE = 100;

export function Tree({ json, open }: { json: Json; open: number }) {
  return (
    <div class="tree" tabIndex={0} role="region" aria-label="Answer as JSON">
      <Value json={json} name={null} depth={0} open={open} last />
    </div>
  );
}

interface Props {
  json: Json;
  name: string | null;
  depth: number;
  /** Down to which depth it is open at first. */
  open: number;
  last: boolean;
}

function Value(props: Props) {
  const { json, name, last } = props;
  if (Array.isArray(json))
    return <Branch {...props} rows={json.map((item) => [null, item] as const)} pair="[]" unit="item" />;
  if (isObject(json)) return <Branch {...props} rows={Object.entries(json)} pair="{}" unit="field" />;
  return (
    <div class="row">
      <Name name={name} />
      <Leaf json={json} />
      {last ? '' : ','}
    </div>
  );
}

function Branch({
  name,
  depth,
  open,
  last,
  rows,
  pair,
  unit,
}: Props & { rows: (readonly [string | null, Json])[]; pair: string; unit: string }) {
  const isOpen = useSignal(depth < open && rows.length > 0);
  const shown = useSignal(PAGE);
  const comma = last ? '' : ',';
  if (rows.length === 0) {
    return (
      <div class="row">
        <Name name={name} />
        {pair + comma}
      </div>
    );
  }
  const count = `${rows.length} ${unit}${rows.length === 1 ? '' : 's'}`;
  return (
    <div class="branch">
      <div class="row">
        <button
          type="button"
          class="fold"
          aria-expanded={isOpen.value}
          aria-label={`${name ?? 'value'}, ${count}`}
          onClick={() => (isOpen.value = !isOpen.value)}
        />
        <Name name={name} />
        {pair[0]}
        {!isOpen.value && (
          <>
            <span class="count">{count}</span>
            {pair[1] + comma}
          </>
        )}
      </div>
      {isOpen.value && (
        <>
          <div class="rows">
            {rows.slice(0, shown.value).map(([key, value], index) => (
              <Value
                key={key ?? index}
                json={value}
                name={key}
                depth={depth + 1}
                open={open}
                last={index === rows.length - 1}
              />
            ))}
            {rows.length > shown.value && (
              <button type="button" class="quiet" onClick={() => (shown.value += PAGE)}>
                {Math.min(PAGE, rows.length - shown.value)} more of {rows.length}
              </button>
            )}
          </div>
          <div class="row">{pair[1] + comma}</div>
        </>
      )}
    </div>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : (
    <>
      <span class="name">{JSON.stringify(name)}</span>:{' '}
    </>
  );
}

function Leaf({ json }: { json: Json }) {
  if (isNumber(json)) return <span class="hljs-number">{json.value}</span>;
  if (typeof json === 'string') return <span class="hljs-string">{JSON.stringify(json)}</span>;
  return <span class="hljs-literal">{String(json)}</span>;
}
