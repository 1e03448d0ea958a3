import type { ReactNode } from 'react';
import { GridList, GridListItem, ListLayout, Virtualizer } from 'react-aria-components';

interface Props<T extends { id: string }> {
  label: string;
  items: readonly T[];
  rowHeight: number;
  selectedId: string | null;
  onSelect: (item: T) => void;
  textOf: (item: T) => string;
  children: (item: T) => ReactNode;
  classOf?: (item: T) => string;
  /** What else the rows are drawn from; rows are otherwise drawn once per item. */
  dependencies?: readonly unknown[];
}

/** A list of objects as rows: arrow keys move, Enter opens; only the rows in sight are drawn. */
export function Rows<T extends { id: string }>(props: Props<T>) {
  const { label, items, rowHeight, selectedId, onSelect, textOf, children, classOf } = props;
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowSize: rowHeight }}>
      <GridList
        className="rows"
        aria-label={label}
        items={items}
        selectionMode="single"
        selectionBehavior="replace"
        disallowTypeAhead
        selectedKeys={selectedId === null ? [] : [selectedId]}
        onAction={(key) => {
          const item = items.find((each) => each.id === key);
          if (item) onSelect(item);
        }}
        onSelectionChange={(keys) => {
          if (keys === 'all') return;
          const item = items.find((each) => keys.has(each.id));
          if (item) onSelect(item);
        }}
        dependencies={props.dependencies ?? []}
      >
        {(item) => (
          <GridListItem
            id={item.id}
            textValue={textOf(item)}
            className={`row ${classOf?.(item) ?? ''}`}
          >
            {children(item)}
          </GridListItem>
        )}
      </GridList>
    </Virtualizer>
  );
}
