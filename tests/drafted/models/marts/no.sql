select * from (values (7, 'x', 1)) as t ("on", "yes", customer_id)
