select * from (values (10, 1, 'SKU-1', 2), (10, 2, 'SKU-2', 1), (12, 1, 'SKU-1', 1)) as t (order_id, line, sku, quantity)
