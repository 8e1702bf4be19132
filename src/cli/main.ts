console.log('provision');
