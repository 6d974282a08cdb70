select * from (values (1, 1), (1, 2), (2, 2)) as t (customer_id, store_id)
