"""What is always true here, whatever database or vendor: pure rules, standard library only."""
